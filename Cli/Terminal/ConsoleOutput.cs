using System.Text;
using Spectre.Console;

namespace Forecast.Cli.Terminal;

/// <summary>
/// What a command says. On a terminal: tables and one progress line that is written over; in a pipe, with NO_COLOR or on a dumb
/// terminal: plain lines without a single escape. With --json, standard output carries the JSON result alone and all else goes to
/// standard error; with --quiet only warnings, errors and the JSON result are written. Safe from any thread.
/// </summary>
internal sealed class ConsoleOutput
{
    private const int UsualWidth = 120;
    private static readonly TimeSpan TerminalProgressPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PipeProgressPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly TimeProvider _time;
    private long _lastProgress;
    private bool _progressShown;
    private int _blockLines;

    /// <param name="isTerminal">True where standard output may be written over and coloured.</param>
    public ConsoleOutput(TextWriter output, TextWriter error, bool isTerminal, TimeProvider time)
    {
        _output = output;
        _error = error;
        _time = time;
        IsTerminal = isTerminal;
    }

    public bool IsTerminal { get; }

    public bool Json { get; private init; }

    public bool Quiet { get; private init; }

    /// <summary>Columns of the terminal; a fixed number in a pipe.</summary>
    public int Width { get; init; } = UsualWidth;

    /// <summary>For the library that prints the help.</summary>
    public TextWriter Output => _output;

    public TextWriter ErrorOutput => _error;

    private TextWriter Lines => Json ? _error : _output;

    public static ConsoleOutput FromProcess()
    {
        var noColour = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        var isTerminal = !Console.IsOutputRedirected && !noColour && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        var width = isTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : UsualWidth;
        return new ConsoleOutput(Console.Out, Console.Error, isTerminal, TimeProvider.System) { Width = width };
    }

    public ConsoleOutput With(bool json, bool quiet) => new(_output, _error, IsTerminal && !json, _time) { Width = Width, Json = json, Quiet = quiet };

    /// <summary>Says nothing at all, warnings included: for a part of a benchmark whose troubles are what is measured.</summary>
    public ConsoleOutput Discarding() => new(TextWriter.Null, TextWriter.Null, isTerminal: false, _time) { Quiet = true };

    public void Line(string text)
    {
        if (!Quiet)
        {
            Write(Lines, Printable.Lines(text));
        }
    }

    public void Warning(string text) => Write(_error, $"forecast: warning: {Printable.Lines(text)}");

    public void Error(string text) => Write(_error, $"forecast: {Printable.Lines(text)}");

    /// <summary>The result as JSON: the only thing on standard output with --json.</summary>
    public void JsonResult(string json) => Write(_output, json);

    /// <summary>Where the work stands. Called as often as one likes: a terminal shows ten a second, a pipe one a second.</summary>
    public void Progress(string text)
    {
        if (Quiet)
        {
            return;
        }

        lock (_gate)
        {
            var now = _time.GetTimestamp();
            if (_lastProgress != 0 && _time.GetElapsedTime(_lastProgress, now) < (IsTerminal ? TerminalProgressPeriod : PipeProgressPeriod))
            {
                return;
            }

            _lastProgress = now == 0 ? 1 : now;
            var line = Printable.Line(text);
            if (IsTerminal)
            {
                _output.Write($"\r\e[2K{(line.Length < Width ? line : line[..(Width - 1)])}");
                _output.Flush();
                _progressShown = true;
            }
            else
            {
                Lines.WriteLine(line);
            }
        }
    }

    /// <summary>Rows under a title; headers empty: a list of names and values.</summary>
    public void Table(string title, IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (Quiet)
        {
            return;
        }

        if (!IsTerminal)
        {
            Write(Lines, PlainTable.Format(title, headers, rows));
            return;
        }

        lock (_gate)
        {
            ClearProgress();
            var columns = headers.Count > 0 ? headers.Count : rows.Max(row => row.Count);
            var table = new Table().Title(Markup.Escape(title)).Border(TableBorder.Rounded);
            for (var i = 0; i < columns; i++)
            {
                table.AddColumn(new TableColumn(new Text(i < headers.Count ? headers[i] : "")));
            }

            table.ShowHeaders = headers.Count > 0;
            foreach (var row in rows)
            {
                table.AddRow(row.Select(cell => new Text(Printable.Line(cell))));
            }

            Ansi().Write(table);
        }
    }

    /// <summary>Lines that take the place of the last block on a terminal, and follow one another in a pipe.</summary>
    public void Block(IReadOnlyList<string> lines)
    {
        if (Quiet)
        {
            return;
        }

        lock (_gate)
        {
            ClearProgress();
            if (IsTerminal && _blockLines > 0)
            {
                _output.Write($"\e[{_blockLines}F\e[J");
            }

            foreach (var line in lines)
            {
                var plain = Printable.Line(line);
                Lines.WriteLine(IsTerminal && plain.Length >= Width ? plain[..(Width - 1)] : plain);
            }

            _blockLines = lines.Count;
            Lines.Flush();
        }
    }

    private IAnsiConsole Ansi() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        Interactive = InteractionSupport.No,
        Out = new FixedWidthOutput(_output, Width),
    });

    private void Write(TextWriter writer, string text)
    {
        lock (_gate)
        {
            ClearProgress();
            _blockLines = 0; // what stands above a new line is not written over
            writer.WriteLine(text);
        }
    }

    private void ClearProgress()
    {
        if (_progressShown)
        {
            _output.Write("\r\e[2K");
            _output.Flush();
            _progressShown = false;
        }
    }

    private sealed class FixedWidthOutput(TextWriter writer, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => width;

        public int Height => 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
