using System.Globalization;
using System.Text;
using System.Text.Json;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Benchmarks.Peers;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Composition.Peers;

/// <summary>The body of `forecast bench --peers`: issue 4's table, each row beside its named peer in this run. What is missing is said, and never passes.</summary>
internal sealed class PeerBench(Settings settings, TimeSpan length, OnnxWorldModel model, ConsoleOutput console)
{
    private readonly Lazy<BenchDrive> _drive = new(() => new BenchDrive(model.Manifest));
    private readonly string _scripts = Path.Combine(CommandHost.FindRoot(AppContext.BaseDirectory), "eng", "peers");
    private string _row = "";

    public Settings Settings => settings;

    public OnnxWorldModel Model => model;

    /// <summary>Of each measurement of a pair.</summary>
    public TimeSpan Length => length;

    public BenchDrive Drive => _drive.Value;

    public ConsoleOutput Silent => console.With(console.Json, quiet: true);

    /// <param name="only">The name of one row; null: all of them.</param>
    /// <exception cref="UsageException">There is no such row.</exception>
    public static int Run(Settings settings, TimeSpan length, string? only, OnnxWorldModel model, ConsoleOutput console, CancellationToken cancelled)
    {
        var rows = PeerRow.All.Where(row => only is null || row.Name == only).ToList();
        if (rows.Count == 0)
        {
            throw new UsageException($"--row {only}: known are {string.Join(", ", PeerRow.All.Select(row => row.Name))}");
        }

        return new PeerBench(settings, length, model, console).Measure(rows, cancelled);
    }

    public PeerProgram Program(string name, string interpreter, string script) => new(name, interpreter, Path.Combine(_scripts, script));

    /// <summary>Where the row stands, on standard error: rows may take minutes.</summary>
    public void Say(string text) => console.ErrorOutput.WriteLine($"{_row}: {text}");

    /// <summary>The peer if it is there; else null, and said.</summary>
    public PeerProgram? Found(PeerProgram program)
    {
        if (program.Missing is not { } missing)
        {
            return program;
        }

        console.Warning(missing);
        return null;
    }

    private int Measure(List<PeerRow> rows, CancellationToken cancelled)
    {
        var all = new List<(PeerRow Row, IReadOnlyList<PeerFigure> Figures)>();
        var began = TimeProvider.System.GetUtcNow();
        var loadBefore = LoadAverage();
        foreach (var row in rows)
        {
            _row = row.Name;
            Say(row.About);
            try
            {
                all.Add((row, row.Measure(this, cancelled)));
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (InvalidOperationException broken)
            {
                console.Warning($"{row.Name}: {broken.Message}");
                all.Add((row, [new PeerFigure(row.About, "", null, null, "", "", null, broken.Message)]));
            }
        }

        var load = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, load average {loadBefore} before and {LoadAverage()} after");
        console.Table($"beside peers in one run, {PairedRuns.Pairs} pairs in turn (A B B A ...), {load}", ["row", "what", "ours", "peer", "ratio", "goal", ""], [.. all.SelectMany(one => one.Figures.Select(figure => Cells(one.Row, figure)))]);
        foreach (var (row, figures) in all)
        {
            foreach (var figure in figures.Where(figure => figure.Note.Length > 0))
            {
                console.Line($"{row.Name}, {figure.What}: {figure.Note}");
            }
        }

        var json = Json(all, began, load);
        if (console.Json)
        {
            console.JsonResult(json);
        }

        if (settings.SummaryFile is { } file)
        {
            File.WriteAllText(file, json + "\n");
        }

        return cancelled.IsCancellationRequested ? ExitCode.Failed : ExitCode.Fine;
    }

    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static IReadOnlyList<string> Cells(PeerRow row, PeerFigure figure) =>
        [row.Name, figure.What, Number(figure.Ours, figure.Unit), figure.PeerName.Length == 0 ? "" : $"{Number(figure.Peer, figure.Unit)} {figure.PeerName}", Number(figure.Ratio, ""), figure.Goal, figure.Verdict];

    private static string Number(double? value, string unit) =>
        value is { } number ? number.ToString(Math.Abs(number) >= 100 ? "0" : "0.###", CultureInfo.InvariantCulture) + (unit.Length > 0 ? $" {unit}" : "") : unit.Length > 0 ? "not measured" : "";

    private static string Json(List<(PeerRow Row, IReadOnlyList<PeerFigure> Figures)> all, DateTimeOffset began, string load)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("version", VersionCommand.Text);
            json.WriteString("began", began.ToString("O", CultureInfo.InvariantCulture));
            json.WriteString("machine", load);
            json.WriteStartArray("figures");
            foreach (var (row, figures) in all)
            {
                foreach (var figure in figures)
                {
                    Write(json, row, figure);
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, PeerRow row, PeerFigure figure)
    {
        void Value(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number))
            {
                json.WriteNumber(name, number);
            }
            else
            {
                json.WriteNull(name);
            }
        }

        json.WriteStartObject();
        json.WriteString("row", row.Name);
        json.WriteString("what", figure.What);
        json.WriteString("unit", figure.Unit);
        Value("ours", figure.Ours);
        Value("peer", figure.Peer);
        Value("ratio", figure.Ratio);
        json.WriteString("peer_name", figure.PeerName);
        json.WriteString("goal", figure.Goal);
        json.WriteString("verdict", figure.Verdict.ToLowerInvariant());
        json.WriteString("note", figure.Note);
        json.WriteEndObject();
    }
}
