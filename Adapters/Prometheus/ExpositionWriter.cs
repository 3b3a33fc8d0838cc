using System.Buffers;
using System.Globalization;
using System.Text;

namespace Forecast.Adapters.Prometheus;

/// <summary>Prometheus' text format 0.0.4, line by line, straight into the response.</summary>
internal readonly ref struct ExpositionWriter(IBufferWriter<byte> output)
{
    public void Family(string name, string type, string help)
    {
        Write("# HELP ");
        Write(name);
        Write(" ");
        Write(help);
        Write("\n# TYPE ");
        Write(name);
        Write(" ");
        Write(type);
        Write("\n");
    }

    public void Sample(string name, double value)
    {
        Write(name);
        Value(value);
    }

    public void Sample(string name, string label, string labelValue, double value)
    {
        Write(name);
        Write("{");
        Label(label, labelValue);
        Write("}");
        Value(value);
    }

    public void Sample(string name, (string Name, string Value) first, (string Name, string Value) second, double value)
    {
        Write(name);
        Write("{");
        Label(first.Name, first.Value);
        Write(",");
        Label(second.Name, second.Value);
        Write("}");
        Value(value);
    }

    public void Info(string name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        Write(name);
        var before = "{";
        foreach (var (label, value) in labels)
        {
            Write(before);
            Label(label, value);
            before = ",";
        }

        Write("}");
        Value(1);
    }

    private void Label(string name, string value)
    {
        Write(name);
        Write("=\"");
        if (value.AsSpan().ContainsAny('\\', '"', '\n'))
        {
            value = value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
        }

        Write(value);
        Write("\"");
    }

    private void Value(double value)
    {
        Write(" ");
        var space = output.GetSpan(32);
        value.TryFormat(space, out var length, default, CultureInfo.InvariantCulture);
        output.Advance(length);
        Write("\n");
    }

    private void Write(string text)
    {
        var space = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, space));
    }
}
