namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// What a message's one description is told to: each field by its number and its name in forecast.proto, in ascending order of
/// number. The two encodings implement it, so they cannot drift apart.
/// </summary>
internal interface IMessageWriter
{
    /// <summary>True where only canonical fields are wanted: the description then leaves the others out.</summary>
    bool CanonicalOnly { get; }

    /// <summary>Begins a message field; its end is <see cref="Close"/> with what this returned.</summary>
    int Open(int field, ReadOnlySpan<byte> name);

    void Close(int mark);

    /// <summary>Begins a repeated field of messages or texts, whose elements are <see cref="OpenItem"/> or <see cref="TextItem"/>.</summary>
    void OpenList(ReadOnlySpan<byte> name);

    int OpenItem(int field);

    void CloseItem(int mark);

    void TextItem(int field, ReadOnlySpan<byte> utf8);

    void CloseList();

    void Bool(int field, ReadOnlySpan<byte> name, bool value);

    void UInt32(int field, ReadOnlySpan<byte> name, uint value);

    void UInt64(int field, ReadOnlySpan<byte> name, ulong value);

    void Int64(int field, ReadOnlySpan<byte> name, long value);

    /// <summary>A finite float; where it may be absent use <see cref="FieldRules.SingleOr{TWriter}"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not finite.</exception>
    void Single(int field, ReadOnlySpan<byte> name, float value);

    /// <summary>A finite double; where it may be absent use <see cref="FieldRules.DoubleOr{TWriter}"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not finite.</exception>
    void Double(int field, ReadOnlySpan<byte> name, double value);

    void Text(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8);

    /// <param name="value">Its number in the schema, never 0.</param>
    /// <param name="label">Its name in the schema.</param>
    void Enum(int field, ReadOnlySpan<byte> name, int value, ReadOnlySpan<byte> label);

    void Bytes(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>All finite; where they may be absent use <see cref="FieldRules.SinglesOr{TWriter}"/>.</summary>
    void Singles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<float> values);

    void Doubles(int field, ReadOnlySpan<byte> name, ReadOnlySpan<double> values);

    void UInt32s(int field, ReadOnlySpan<byte> name, ReadOnlySpan<int> values);

    /// <summary>The field is absent, and why: written as the text field number + 1, named with "_reason" behind.</summary>
    void Absent(int field, ReadOnlySpan<byte> name, ReadOnlySpan<byte> reason);
}
