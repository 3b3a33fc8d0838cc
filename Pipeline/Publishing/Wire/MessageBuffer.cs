using System.Buffers;

namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// Where one message is written, again and again: it grows to the largest message once and allocates nothing after that.
/// What <see cref="Written"/> gives is valid until the next <see cref="Clear"/>.
/// </summary>
internal sealed class MessageBuffer(int capacity = 4096) : IBufferWriter<byte>
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Length);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void Append(byte value)
    {
        GetSpan(1)[0] = value;
        Length++;
    }

    /// <summary>Makes room for <paramref name="count"/> bytes at <paramref name="position"/>; what stood there moves up.</summary>
    public void Insert(int position, int count)
    {
        Reserve(count);
        _bytes.AsSpan(position, Length - position).CopyTo(_bytes.AsSpan(position + count));
        Length += count;
    }

    /// <summary>What was written from <paramref name="position"/> on, to be patched.</summary>
    public Span<byte> From(int position) => _bytes.AsSpan(position, Length - position);

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }
    }
}
