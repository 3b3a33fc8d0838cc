namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>The schema's rule for what may be absent: the value where it is finite, else its reason; never a sentinel, never NaN.</summary>
internal static class FieldRules
{
    public static void SingleOr<TWriter>(this ref TWriter writer, int field, ReadOnlySpan<byte> name, float value, ReadOnlySpan<byte> reason)
        where TWriter : struct, IMessageWriter
    {
        if (float.IsFinite(value))
        {
            writer.Single(field, name, value);
        }
        else
        {
            writer.Absent(field, name, reason);
        }
    }

    public static void DoubleOr<TWriter>(this ref TWriter writer, int field, ReadOnlySpan<byte> name, double value, ReadOnlySpan<byte> reason)
        where TWriter : struct, IMessageWriter
    {
        if (double.IsFinite(value))
        {
            writer.Double(field, name, value);
        }
        else
        {
            writer.Absent(field, name, reason);
        }
    }

    /// <summary>All of the values, or none where there are none or one is not finite.</summary>
    public static void SinglesOr<TWriter>(this ref TWriter writer, int field, ReadOnlySpan<byte> name, ReadOnlySpan<float> values, ReadOnlySpan<byte> reason)
        where TWriter : struct, IMessageWriter
    {
        var finite = values.Length > 0;
        foreach (var value in values)
        {
            finite &= float.IsFinite(value);
        }

        if (finite)
        {
            writer.Singles(field, name, values);
        }
        else
        {
            writer.Absent(field, name, reason);
        }
    }

    public static void EnumOr<TWriter>(this ref TWriter writer, int field, ReadOnlySpan<byte> name, int value, ReadOnlySpan<byte> label, ReadOnlySpan<byte> reason)
        where TWriter : struct, IMessageWriter
    {
        if (value != 0)
        {
            writer.Enum(field, name, value, label);
        }
        else
        {
            writer.Absent(field, name, reason);
        }
    }

    public static void TextList<TWriter>(this ref TWriter writer, int field, ReadOnlySpan<byte> name, byte[][] texts)
        where TWriter : struct, IMessageWriter
    {
        writer.OpenList(name);
        foreach (var text in texts)
        {
            writer.TextItem(field, text);
        }

        writer.CloseList();
    }
}
