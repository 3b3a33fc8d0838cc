namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>Cannot seek, and gives a few bytes at a time, as a pipe does.</summary>
/// <param name="mostBytes">That it gives at a time.</param>
internal sealed class TrickleStream(byte[] bytes, int mostBytes = 5_000) : Stream
{
    private readonly Random _random = new(1);
    private int _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(Math.Min(buffer.Length, bytes.Length - _at), 1 + _random.Next(mostBytes));
        bytes.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
