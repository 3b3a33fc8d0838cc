using System.Buffers.Binary;
using System.Numerics;

namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// Protobuf's wire format, as its reference implementation serialises it: fields in order, lengths minimal, repeated numbers packed,
/// empty texts and lists left out. A nested message's length is patched in when it closes.
/// </summary>
internal readonly struct ProtobufMessageWriter(MessageBuffer buffer, bool canonicalOnly = false) : IMessageWriter
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    public bool CanonicalOnly => canonicalOnly;

    public int Open(int field, ReadOnlySpan<byte> name) => OpenItem(field);

    public void Close(int mark) => CloseItem(mark);

    public void OpenList(ReadOnlySpan<byte> name)
    {
    }

    public int OpenItem(int field)
    {
        Tag(field, Delimited);
        buffer.Append(0); // one byte for the length: most nested messages need no more
        return buffer.Length;
    }

    public void CloseItem(int mark)
    {
        var length = buffer.Length - mark;
        var extra = VarintSize((ulong)length) - 1;
        if (extra > 0)
        {
            buffer.Insert(mark, extra);
        }

        WriteVarint(buffer.From(mark - 1), (ulong)length);
    }

    public void TextItem(int field, ReadOnlySpan<byte> utf8)
    {
        Tag(field, Delimited);
        Raw((ulong)utf8.Length);
        buffer.Append(utf8);
    }

    public void CloseList()
    {
    }

    public void Bool(int field, ReadOnlySpan<byte> name, bool value) => UInt64(field, name, value ? 1UL : 0UL);

    public void UInt32(int field, ReadOnlySpan<byte> name, uint value) => UInt64(field, name, value);

    public void Int64(int field, ReadOnlySpan<byte> name, long value) => UInt64(field, name, (ulong)value);

    public void UInt64(int field, ReadOnlySpan<byte> name, ulong value)
    {
        Tag(field, Varint);
        Raw(value);
    }

    public void Enum(int field, ReadOnlySpan<byte> name, int value, ReadOnlySpan<byte> label)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        UInt64(field, name, (ulong)value);
    }

    public void Single(int field, ReadOnlySpan<byte> name, float value)
    {
        Finite.Require(value);
        Tag(field, Fixed32);
        Raw(value);
    }

    public void Double(int field, ReadOnlySpan<byte> name, double value)
    {
        Finite.Require(value);
        Tag(field, Fixed64);
        Raw(value);
    }

    public void Text(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > 0)
        {
            TextItem(field, utf8);
        }
    }

    public void Bytes(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Text(field, name, value);

    public void Singles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<float> values)
    {
        if (values.Length == 0)
        {
            return;
        }

        Tag(field, Delimited);
        Raw((ulong)values.Length * sizeof(float));
        foreach (var value in values)
        {
            Finite.Require(value);
            Raw(value);
        }
    }

    public void Doubles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<double> values)
    {
        if (values.Length == 0)
        {
            return;
        }

        Tag(field, Delimited);
        Raw((ulong)values.Length * sizeof(double));
        foreach (var value in values)
        {
            Finite.Require(value);
            Raw(value);
        }
    }

    public void UInt32s(int field, ReadOnlySpan<byte> name, ReadOnlySpan<int> values)
    {
        if (values.Length == 0)
        {
            return;
        }

        var mark = OpenItem(field);
        foreach (var value in values)
        {
            Raw(checked((uint)value));
        }

        CloseItem(mark);
    }

    public void Absent(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> reason) => Text(field + 1, name, reason);

    private void Tag(int field, int wireType) => Raw((ulong)((field << 3) | wireType));

    private void Raw(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(buffer.GetSpan(sizeof(float)), value);
        buffer.Advance(sizeof(float));
    }

    private void Raw(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(sizeof(double)), value);
        buffer.Advance(sizeof(double));
    }

    private void Raw(ulong value) => buffer.Advance(WriteVarint(buffer.GetSpan(10), value));

    private static int VarintSize(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) / 64;

    private static int WriteVarint(Span<byte> to, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            to[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[length++] = (byte)value;
        return length;
    }
}
