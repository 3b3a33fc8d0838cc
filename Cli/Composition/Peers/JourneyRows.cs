using System.Text.Json;
using Forecast.Benchmarks.Peers;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Cli.Composition.Peers;

/// <summary>The rows of the whole journey: what it adds, what it does under twice its load, what it loses and how evenly it speaks.</summary>
internal static class JourneyRows
{
    private const string GStreamer = "GStreamer";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static IReadOnlyList<PeerFigure> Overhead(PeerBench bench, CancellationToken cancelled)
    {
        using var pictures = new PictureFolder(bench.Drive);
        var manifest = bench.Model.Manifest;
        var stageMs = Travel(bench, TimeSpan.FromSeconds(3), cancelled).Summary is var warm
            ? warm.Latency.Stages[Stage.Encode].P50 + warm.Latency.Stages[Stage.Remember].P50 + warm.Latency.Stages[Stage.Imagine].P50 : 0;
        var program = bench.Found(bench.Program(GStreamer, PeerProgram.Python, "gstreamer_journey.py"));
        var (ours, peer) = PairedRuns.Run(
            () => Travel(bench, bench.Length, cancelled).Summary,
            program is null ? null : () => program.Measure(
                Patience + bench.Length, pictures.Path, BenchDrive.Cameras, 1 / manifest.TickPeriod.TotalSeconds, bench.Length.TotalSeconds, manifest.InputWidthPx, manifest.InputHeightPx, stageMs),
            bench.Say, cancelled);
        PeerPairs Pairs(Func<Summary, double> one, string other) => new([.. ours.Select(one)], [.. peer.Select(json => json.GetProperty(other).GetDouble())]);
        var note = FormattableString.Invariant($"ours with judging, encoding JSON and the socket's write, and inference on both cores; the peer ends at a fakesink, and its stage sleeps {stageMs:0.0} ms; {Where(ours, stage => stage.P50)}");
        return
        [
            PeerFigure.RatioAtMost("added to decode and inference, p50", "ms", Pairs(run => run.Overhead!.P50, "p50_ms"), 1.0, GStreamer, note),
            PeerFigure.RatioAtMost("added to decode and inference, p99", "ms", Pairs(run => run.Overhead!.P99, "p99_ms"), 1.25, GStreamer, Where(ours, stage => stage.P99)),
        ];
    }

    public static IReadOnlyList<PeerFigure> Overload(PeerBench bench, CancellationToken cancelled)
    {
        var program = bench.Found(bench.Program(GStreamer, PeerProgram.Python, "gstreamer_overload.py"));
        JsonElement Peer(PeerProgram found, string queue) => found.Measure(
            Patience + bench.Length, OverloadRun.Cameras, OverloadRun.RateHz, bench.Length.TotalSeconds, OverloadRun.Stage.TotalMilliseconds, queue);
        var shared = new List<JsonElement>();
        var (ours, each) = PairedRuns.Run(
            () => OverloadRun.Measure(bench.Model.Manifest, bench.Length),
            program is null ? null : () =>
            {
                shared.Add(Peer(program, "shared"));
                return Peer(program, "each");
            },
            bench.Say, cancelled);
        var figures = new List<PeerFigure>();
        foreach (var (name, peer) in new[] { ("GStreamer, a queue each", each), ("GStreamer, one queue", shared) })
        {
            PeerPairs Pairs(Func<OverloadFigures, double> one, string other) => new([.. ours.Select(one)], [.. peer.Select(json => json.GetProperty(other).GetDouble())]);
            PeerFigure Beside(string what, PeerPairs pairs, string goal, Func<double, bool> holds) => new(what, "", pairs.Ours, pairs.Peer, name, goal, holds(pairs.Ours));
            figures.Add(PeerFigure.RatioAtMost("age of what is published, p99", "ms", Pairs(run => run.AgeP99Ms, "age_p99_ms"), 1.0, name, "a budget of 90 ms; leaky queues of one, a funnel, one stage that sleeps"));
            figures.Add(Beside("share of the stage's capacity", Pairs(run => run.Capacity, "capacity"), ">= 0.95", value => value >= 0.95));
            figures.Add(Beside("fairness, most used camera over least", Pairs(run => run.Fairness, "fairness"), "<= 1.1", value => value <= 1.10));
        }

        figures.Add(PeerFigure.AtMost("published as valid and late, in all runs", "", ours.Sum(run => run.LateAndValid), 0));
        figures.Add(PeerFigure.AtMost("runs whose ledgers did not add up", "", ours.Count(run => !run.LedgersAddUp), 0));
        return figures;
    }

    public static IReadOnlyList<PeerFigure> Nominal(PeerBench bench, CancellationToken cancelled)
    {
        var (summary, _) = Travel(bench, bench.Length * 6, cancelled);
        var sets = summary.Framesets;
        var addsUp = sets.Formed == sets.Published + sets.Dropped.Values.Sum() && summary.Frames.Values.All(camera => camera.Captured == camera.Used + camera.Dropped.Values.Sum());
        var drops = string.Join(", ", sets.Dropped.Select(drop => $"{drop.Value} {drop.Key}"));
        return
        [
            PeerFigure.AtMost("captured, not published valid and on time", "%", (summary.DeadlineMissRatio ?? 1) * 100, 0.1, $"of {sets.Captured} frame sets at the default budget{(drops.Length > 0 ? $"; dropped: {drops}" : "")}"),
            PeerFigure.AtMost("ledgers that do not add up", "", addsUp ? 0 : 1, 0),
        ];
    }

    public static IReadOnlyList<PeerFigure> Jitter(PeerBench bench, CancellationToken cancelled)
    {
        var (_, seen) = Travel(bench, bench.Length * 6, cancelled);
        var intervals = seen.Zip(seen.Skip(1), (one, next) => (next.Moment - one.Moment).TotalMilliseconds).ToList();
        return [PeerFigure.AtMost("publish jitter, deviation over mean", "", Samples.RelativeDeviation(intervals), 0.10, $"{intervals.Count} intervals between forecasts handed over; openpilot's own limit is 0.35")];
    }

    /// <summary>What is added, by stage; what these do not add up to is waking and handing over between threads.</summary>
    private static string Where(List<Summary> runs, Func<Percentiles, double> quantile) => string.Join(", ", new[] { Stage.Align, Stage.Admit, Stage.Judge, Stage.Publish }
        .Select(stage => FormattableString.Invariant($"{SummaryJson.Name(stage)} {Samples.Median([.. runs.Select(run => quantile(run.Latency.Stages[stage]))]):0.00}"))) + " ms";

    /// <summary>The benchmark's drive through a live session with a broker of its own.</summary>
    private static (Summary Summary, IReadOnlyList<Seen> Seen) Travel(PeerBench bench, TimeSpan length, CancellationToken cancelled)
    {
        var ticks = (int)(length / bench.Model.Manifest.TickPeriod);
        WatchingSink? sink = null;
        var input = bench.Drive.Live(bench.Settings, ticks) with { AlsoTo = clock => [sink = new WatchingSink(clock, ticks + 16)] };
        var summary = new LiveSession(bench.Settings, bench.Model, bench.Silent).Run(input, cancelled);
        cancelled.ThrowIfCancellationRequested();
        return (summary, sink!.All);
    }

    /// <summary>The drive's pictures as files, for a peer to read.</summary>
    private sealed class PictureFolder : IDisposable
    {
        public PictureFolder(BenchDrive drive)
        {
            for (var camera = 0; camera < BenchDrive.Cameras; camera++)
            {
                for (var i = 0; i < drive.Pictures[camera].Count; i++)
                {
                    File.WriteAllBytes(System.IO.Path.Combine(Path, FormattableString.Invariant($"{camera}-{i:00}.jpg")), drive.Pictures[camera][i]);
                }
            }
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("forecast-bench-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
