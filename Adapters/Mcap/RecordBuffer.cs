using System.Buffers.Binary;
using System.Text;

namespace Forecast.Adapters.Mcap;

/// <summary>Records being put together, in memory that grows to the largest need and is used again.</summary>
internal sealed class RecordBuffer(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>The next <paramref name="count"/> bytes, to be filled by the caller at once.</summary>
    public Span<byte> Take(int count)
    {
        var end = checked(Length + count);
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Math.Max(end, 2L * _bytes.Length), Array.MaxLength));
        }

        var taken = _bytes.AsSpan(Length, count);
        Length = end;
        return taken;
    }

    public RecordBuffer U8(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    public RecordBuffer U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);
        return this;
    }

    public RecordBuffer U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);
        return this;
    }

    public RecordBuffer U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);
        return this;
    }

    public RecordBuffer Text(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        U32((uint)bytes);
        Encoding.UTF8.GetBytes(text, Take(bytes));
        return this;
    }

    public RecordBuffer Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        return this;
    }

    /// <summary>In the order of the keys, so that equal content gives equal files.</summary>
    public RecordBuffer TextMap(IReadOnlyDictionary<string, string> map)
    {
        var at = BeginLength();
        foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Text(key).Text(value);
        }

        return EndLength(at);
    }

    /// <summary>Room for a length of 32 bits, which <see cref="EndLength"/> fills in.</summary>
    public int BeginLength()
    {
        U32(0);
        return Length;
    }

    public RecordBuffer EndLength(int begun)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(begun - 4), (uint)(Length - begun));
        return this;
    }

    /// <summary>A record's head, whose length <see cref="End"/> fills in.</summary>
    public int Begin(McapOpcode opcode)
    {
        U8((byte)opcode).U64(0);
        return Length;
    }

    public void End(int begun) => SetLength(begun, (ulong)(Length - begun));

    /// <summary>For a record whose content is not all in here.</summary>
    public void SetLength(int begun, ulong length) => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(begun - 8), length);
}
