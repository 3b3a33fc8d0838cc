using System.Globalization;

namespace Forecast.Adapters.Drives;

/// <summary>A CSV file with a header line: whole rows of numbers, every problem with its line.</summary>
internal sealed class DriveTable
{
    private const int ProblemsShown = 5;

    private readonly string _path;
    private readonly List<string> _problems = [];
    private readonly Dictionary<string, int> _columns = [];
    private readonly List<(int Line, string[] Cells)> _rows = [];

    private DriveTable(string path) => _path = path;

    /// <exception cref="UnusableInputException">It cannot be read, or a column is missing.</exception>
    public static DriveTable Load(string path, params ReadOnlySpan<string> columns)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnusableInputException($"{path}: cannot be read ({e.Message.TrimEnd('.')})");
        }

        var table = new DriveTable(path);
        var header = lines.Length > 0 ? lines[0].Split(',') : [];
        for (var i = 0; i < header.Length; i++)
        {
            table._columns[header[i].Trim()] = i;
        }

        foreach (var column in columns)
        {
            if (!table._columns.ContainsKey(column))
            {
                table._problems.Add($"{path}:1: the column {column} is missing; expected are {string.Join(",", columns.ToArray())}");
            }
        }

        for (var i = 1; i < lines.Length; i++)
        {
            var cells = lines[i].Split(',');
            if (cells.Length == header.Length)
            {
                table._rows.Add((i + 1, cells));
            }
            else if (lines[i].Trim().Length > 0)
            {
                table._problems.Add($"{path}:{i + 1}: {cells.Length} values under {header.Length} columns");
            }
        }

        table.ThrowIfWrong();
        return table;
    }

    public int Count => _rows.Count;

    public bool Has(string column) => _columns.ContainsKey(column);

    public string Text(int row, string column) => _rows[row].Cells[_columns[column]].Trim();

    public long Whole(int row, string column) =>
        long.TryParse(Text(row, column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : Wrong(row, $"{column}: '{Text(row, column)}' is no whole number");

    public double Number(int row, string column) =>
        double.TryParse(Text(row, column), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : Wrong(row, $"{column}: '{Text(row, column)}' is no number");

    public long Wrong(int row, string text)
    {
        _problems.Add($"{_path}:{_rows[row].Line}: {text}");
        return 0;
    }

    public void ThrowIfWrong()
    {
        if (_problems.Count > ProblemsShown)
        {
            var more = _problems.Count - ProblemsShown;
            _problems.RemoveRange(ProblemsShown, more);
            _problems.Add($"{_path}: and {more} problems more");
        }

        if (_problems.Count > 0)
        {
            throw new UnusableInputException(_problems);
        }
    }
}
