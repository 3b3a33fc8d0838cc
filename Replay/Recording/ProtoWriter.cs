using System.Buffers.Binary;
using System.Text;

namespace Forecast.Replay.Recording;

/// <summary>Protobuf's wire format into a buffer that is used again: it grows to the largest message once. Every field given is written, zeros too.</summary>
internal sealed class ProtoWriter
{
    private byte[] _bytes = new byte[256];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public ProtoWriter Clear()
    {
        _length = 0;
        return this;
    }

    public ProtoWriter Varint(int field, ulong value)
    {
        Raw(((ulong)field << 3) | 0);
        Raw(value);
        return this;
    }

    public ProtoWriter Int64(int field, long value) => Varint(field, (ulong)value);

    public ProtoWriter SInt32(int field, int value) => Varint(field, (uint)((value << 1) ^ (value >> 31)));

    public ProtoWriter Bool(int field, bool value) => Varint(field, value ? 1UL : 0UL);

    public ProtoWriter Fixed64(int field, ulong value)
    {
        Raw(((ulong)field << 3) | 1);
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        return this;
    }

    public ProtoWriter Fixed32(int field, uint value)
    {
        Raw(((ulong)field << 3) | 5);
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        return this;
    }

    public ProtoWriter Double(int field, double value) => Fixed64(field, BitConverter.DoubleToUInt64Bits(value));

    public ProtoWriter Single(int field, float value) => Fixed32(field, BitConverter.SingleToUInt32Bits(value));

    public ProtoWriter Singles(int field, IReadOnlyList<float> values)
    {
        Head(field, values.Count * 4);
        for (var i = 0; i < values.Count; i++) // an enumerator of an interface would be allocated
        {
            BinaryPrimitives.WriteSingleLittleEndian(Room(4), values[i]);
        }

        return this;
    }

    public ProtoWriter Doubles(int field, ReadOnlySpan<double> values)
    {
        Head(field, values.Length * 8);
        foreach (var value in values)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);
        }

        return this;
    }

    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Head(field, value.Length);
        value.CopyTo(Room(value.Length));
        return this;
    }

    public ProtoWriter Text(int field, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Head(field, length);
        Encoding.UTF8.GetBytes(value, Room(length));
        return this;
    }

    /// <summary>The head of a bytes field whose content follows elsewhere: it must be the message's last.</summary>
    public ProtoWriter Head(int field, int length)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)length);
        return this;
    }

    /// <returns>What <see cref="End"/> needs to close the nested message.</returns>
    public int Begin(int field)
    {
        Raw(((ulong)field << 3) | 2);
        return _length;
    }

    public ProtoWriter End(int begun)
    {
        var length = _length - begun;
        var size = 1;
        for (var rest = length >> 7; rest > 0; rest >>= 7)
        {
            size++;
        }

        Room(size);
        _bytes.AsSpan(begun, length).CopyTo(_bytes.AsSpan(begun + size));
        var after = _length;
        _length = begun;
        Raw((ulong)length);
        _length = after;
        return this;
    }

    /// <summary>google.protobuf.Timestamp and Duration: seconds and nanoseconds.</summary>
    public ProtoWriter Moment(int field, long nanoseconds)
    {
        var (seconds, rest) = Math.DivRem(nanoseconds, 1_000_000_000);
        var begun = Begin(field);
        return Int64(1, seconds).Int64(2, rest).End(begun);
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        var room = _bytes.AsSpan(_length, count);
        _length += count;
        return room;
    }

    private void Raw(ulong value)
    {
        while (value >= 0x80)
        {
            Room(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Room(1)[0] = (byte)value;
    }
}
