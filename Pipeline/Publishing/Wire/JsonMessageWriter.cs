using System.Buffers.Text;
using System.Text.Json;

namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// The JSON of the same message: names as in the schema, 64-bit integers as strings, enums by name, bytes as Base64, present fields
/// written even when zero. The writer below it is reused and writes into the reused buffer.
/// </summary>
internal readonly struct JsonMessageWriter(Utf8JsonWriter json) : IMessageWriter
{
    private const int LongestName = 64;
    private const int Longest64Bit = 20;

    public bool CanonicalOnly => false;

    public int Open(int field, ReadOnlySpan<byte> name)
    {
        json.WriteStartObject(name);
        return 0;
    }

    public void Close(int mark) => json.WriteEndObject();

    public void OpenList(ReadOnlySpan<byte> name) => json.WriteStartArray(name);

    public int OpenItem(int field)
    {
        json.WriteStartObject();
        return 0;
    }

    public void CloseItem(int mark) => json.WriteEndObject();

    public void TextItem(int field, ReadOnlySpan<byte> utf8) => json.WriteStringValue(utf8);

    public void CloseList() => json.WriteEndArray();

    public void Bool(int field, ReadOnlySpan<byte> name, bool value) => json.WriteBoolean(name, value);

    public void UInt32(int field, ReadOnlySpan<byte> name, uint value) => json.WriteNumber(name, value);

    public void UInt64(int field, ReadOnlySpan<byte> name, ulong value)
    {
        Span<byte> digits = stackalloc byte[Longest64Bit];
        Utf8Formatter.TryFormat(value, digits, out var length);
        json.WriteString(name, digits[..length]);
    }

    public void Int64(int field, ReadOnlySpan<byte> name, long value)
    {
        Span<byte> digits = stackalloc byte[Longest64Bit];
        Utf8Formatter.TryFormat(value, digits, out var length);
        json.WriteString(name, digits[..length]);
    }

    public void Single(int field, ReadOnlySpan<byte> name, float value)
    {
        Finite.Require(value);
        json.WriteNumber(name, value);
    }

    public void Double(int field, ReadOnlySpan<byte> name, double value)
    {
        Finite.Require(value);
        json.WriteNumber(name, value);
    }

    public void Text(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8) => json.WriteString(name, utf8);

    public void Enum(int field, ReadOnlySpan<byte> name, int value, ReadOnlySpan<byte> label)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        json.WriteString(name, label);
    }

    public void Bytes(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => json.WriteBase64String(name, value);

    public void Singles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<float> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            Finite.Require(value);
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    public void Doubles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            Finite.Require(value);
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    public void UInt32s(int field, ReadOnlySpan<byte> name, ReadOnlySpan<int> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(checked((uint)value));
        }

        json.WriteEndArray();
    }

    public void Absent(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> reason)
    {
        Span<byte> full = stackalloc byte[LongestName];
        name.CopyTo(full);
        "_reason"u8.CopyTo(full[name.Length..]);
        json.WriteString(full[..(name.Length + 7)], reason);
    }
}
