using System.Globalization;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Benchmarks;
using Forecast.Cli.Commands;
using Forecast.Cli.Composition.Peers;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay;

namespace Forecast.Cli.Composition;

/// <summary>
/// The body of `forecast bench`: three 720p cameras at the model's rate through the pipeline and through two bare loops that decode, prepare and
/// infer the same, interleaved in one process; then all of them at full speed.
/// </summary>
internal sealed class BenchRun(Settings settings, TimeSpan duration, OnnxWorldModel model, BenchDrive drive, ConsoleOutput console)
{
    private const int Rounds = 3;

    public static Task<int> RunAsync(Settings settings, BenchOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        if (options.Mcap)
        {
            McapBenchRun.Measure(CommandHost.FromProcess().InstallationRoot, console, cancelled);
            return Task.FromResult(ExitCode.Fine);
        }

        var quietMetrics = settings with { Metrics = settings.Metrics with { Port = 0 }, Broker = new BrokerSettings() };
        using var model = ModelComposition.Load(settings, exact: false, console);
        if (options.Peers)
        {
            return Task.FromResult(PeerBench.Run(quietMetrics, options.Duration, options.Row, model, console, cancelled));
        }

        if (options.Soak is { } length)
        {
            var code = SoakRun.Measure(quietMetrics, length, options.Faults, model, console, cancelled);
            return Task.FromResult(cancelled.IsCancellationRequested ? ExitCode.Failed : code);
        }

        console.Progress("encoding 720p pictures from the sample drive");
        new BenchRun(quietMetrics, options.Duration, model, new BenchDrive(model.Manifest), console).Measure(cancelled);
        return Task.FromResult(cancelled.IsCancellationRequested ? ExitCode.Failed : ExitCode.Fine);
    }

    private void Measure(CancellationToken cancelled)
    {
        var ticks = (int)Math.Max(20, duration / model.Manifest.TickPeriod / Rounds);
        var sequential = new List<LatencyFigures>();
        var parallel = new List<LatencyFigures>();
        var json = new List<Summary>();
        var protobuf = new List<Summary>();
        for (var round = 0; round < Rounds && !cancelled.IsCancellationRequested; round++)
        {
            console.Progress($"round {round + 1} of {Rounds}, {ticks} ticks each");
            sequential.Add(Bare(parallel: false, ticks, model.Manifest.TickPeriod).Latency.Figures());
            json.Add(Pipeline(MessageEncoding.Json, ticks, cancelled));
            parallel.Add(Bare(parallel: true, ticks, model.Manifest.TickPeriod).Latency.Figures());
            protobuf.Add(Pipeline(MessageEncoding.Protobuf, ticks, cancelled));
        }

        Report(sequential, parallel, json, protobuf);
        ReportFullSpeed(ticks, cancelled);
    }

    private BareLoop Bare(bool parallel, int ticks, TimeSpan period)
    {
        using var run = model.CreateRun(BenchDrive.Cameras);
        var sources = drive.OpenSources(ticks);
        var loop = new BareLoop(run, drive.Rig, model.Manifest, sources, parallel);
        loop.Run(ticks, period);
        sources.ForEach(source => source.Dispose());
        return loop;
    }

    private Summary Pipeline(MessageEncoding encoding, int ticks, CancellationToken cancelled)
    {
        var quiet = settings with { Broker = settings.Broker with { Encoding = encoding } };
        return new LiveSession(quiet, model, console.With(console.Json, quiet: true)).Run(drive.Live(quiet, ticks), cancelled);
    }

    private void Report(List<LatencyFigures> sequential, List<LatencyFigures> parallel, List<Summary> json, List<Summary> protobuf)
    {
        var sequentialP50 = Median(sequential.Select(f => f.P50Ms));
        var parallelP50 = Median(parallel.Select(f => f.P50Ms));
        var better = sequentialP50 <= parallelP50 ? sequential : parallel;
        var bareP50 = Median(better.Select(f => f.P50Ms));
        var bareP99 = Median(better.Select(f => f.P99Ms));
        IReadOnlyList<string> Row(string name, double p50, double p99, double? bytes) =>
            [name, Ms(p50), Ms(p99), Ms(p50 - bareP50), Ms(p99 - bareP99), bytes is { } b ? b.ToString("0", CultureInfo.InvariantCulture) : ""];
        IReadOnlyList<string> RowOf(string name, List<Summary> runs) => Row(
            name,
            Median(runs.Select(run => run.Latency.CaptureToPublish.P50)),
            Median(runs.Select(run => run.Latency.CaptureToPublish.P99)),
            Median(runs.Select(run => run.AllocBytesPerFrameset ?? double.NaN)));
        console.Table(
            $"from frames available to handed to the socket, {BenchDrive.Cameras} cameras of {StreetPictures.WidthPx}x{StreetPictures.HeightPx}, median of {Rounds} rounds",
            ["", "p50 ms", "p99 ms", "over bare p50", "over bare p99", "B a frame set"],
            [
                Row("bare loop, sequential", sequentialP50, Median(sequential.Select(f => f.P99Ms)), null),
                Row("bare loop, a thread a camera", parallelP50, Median(parallel.Select(f => f.P99Ms)), null),
                RowOf("pipeline, JSON", json),
                RowOf("pipeline, protobuf", protobuf),
            ]);
        var missed = json.Concat(protobuf).Select(run => run.DeadlineMissRatio ?? 0).Max();
        console.Line($"worst deadline_miss_ratio {missed.ToString("0.####", CultureInfo.InvariantCulture)}, gen-2 collections {json.Concat(protobuf).Sum(run => run.Gc.Gen2Steady)}");
    }

    private void ReportFullSpeed(int ticks, CancellationToken cancelled)
    {
        var sequential = new List<double>();
        var parallel = new List<double>();
        var replay = new List<double>();
        for (var round = 0; round < Rounds && !cancelled.IsCancellationRequested; round++)
        {
            sequential.Add(Bare(parallel: false, ticks, TimeSpan.Zero).RateHz);
            replay.Add(FullSpeed(ticks, cancelled));
            parallel.Add(Bare(parallel: true, ticks, TimeSpan.Zero).RateHz);
        }

        var bare = Math.Max(Median(sequential), Median(parallel));
        console.Table(
            "at full speed, frame sets a second",
            ["bare, sequential", "bare, a thread a camera", "replay in lock-step", "replay / better bare"],
            [[Hz(Median(sequential)), Hz(Median(parallel)), Hz(Median(replay)), (Median(replay) / bare).ToString("0.00", CultureInfo.InvariantCulture)]]);
    }

    private double FullSpeed(int ticks, CancellationToken cancelled)
    {
        var manifest = model.Manifest;
        var clock = new DriveClock(default);
        var rigClock = new RigClock(clock);
        var manoeuvres = new Manoeuvres(manifest, manifest.Candidates.Count);
        using var run = model.CreateRun(BenchDrive.Cameras);
        var parts = JourneyParts.Build(drive.Rig, manifest, run, manoeuvres, ModelComposition.Free(manoeuvres), new JourneyOptions { EverySet = true }, null, Guid.NewGuid);
        using var broker = BrokerComposition.Open(settings, console.With(console.Json, quiet: true));
        var identity = new MessageIdentity(settings.Vehicle, Guid.NewGuid(), SourceKind.Replay, "drive", model.Provider, settings.Sha256, VersionCommand.Text);
        using var mqtt = new PatientSink(broker.CreateSink(TopicTable.ReplayBase(settings.Vehicle, "bench"), manifest, drive.Rig, identity, rigClock));
        using var digest = new DigestSink(manifest, drive.Rig);
        broker.StartAndWait(TimeSpan.FromSeconds(5), cancelled);
        var metrics = new PipelineMetrics(drive.Rig, manifest, parts.Admission.Budget, parts.Ledger, model.Provider, VersionCommand.Text);
        using var replay = new LockStepReplay(
            parts, drive.OpenSources(ticks), drive.EgoLog(ticks), [], manifest.InputWidthPx * manifest.InputHeightPx * 3, new ForecastPublisher([mqtt, digest], rigClock, parts.Ledger, metrics), clock);
        var started = TimeProvider.System.GetTimestamp();
        replay.Run(cancelled);
        return parts.Ledger.Copy().Published / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Ms(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Hz(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
