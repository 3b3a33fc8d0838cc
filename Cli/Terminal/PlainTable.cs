using System.Text;

namespace Forecast.Cli.Terminal;

/// <summary>Columns of plain text, two blanks apart, for pipes.</summary>
internal static class PlainTable
{
    public static string Format(string title, IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<IReadOnlyList<string>> lines = headers.Count > 0 ? [headers, .. rows] : rows;
        var widths = new int[lines.Count == 0 ? 0 : lines.Max(line => line.Count)];
        foreach (var line in lines)
        {
            for (var i = 0; i < line.Count; i++)
            {
                widths[i] = Math.Max(widths[i], line[i].Length);
            }
        }

        var text = new StringBuilder(title);
        foreach (var line in lines)
        {
            text.Append('\n').Append("  ");
            for (var i = 0; i < line.Count; i++)
            {
                var cell = Printable.Line(line[i]);
                text.Append(i < line.Count - 1 ? cell.PadRight(widths[i] + 2) : cell);
            }
        }

        return text.ToString();
    }
}
