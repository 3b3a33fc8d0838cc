namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>Cannot be read beyond a byte, as a disk with a bad sector.</summary>
internal sealed class FailingStream(byte[] bytes, int until) : MemoryStream(bytes, writable: false)
{
    public override int Read(Span<byte> buffer)
    {
        if (Position >= until)
        {
            throw new IOException("Input/output error");
        }

        return base.Read(buffer[..(int)Math.Min(buffer.Length, until - Position)]);
    }
}
