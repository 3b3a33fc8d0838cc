using System.Globalization;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Benchmarks;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Composition;

/// <summary>
/// The body of `forecast bench --soak`: the benchmark's cameras in real time for minutes on end, and whether anything grows; with faults, also whether what must hold then does,
/// which the exit code says.
/// </summary>
internal static class SoakRun
{
    private const double MostMbPerMinute = 0.1;
    private const double MostPauseRatio = 0.001;

    /// <summary>Memory is looked at from then on: code is compiled a second time, and buffers reach their size.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    /// <summary>With faults every kind of them has been by then: each takes its own code and buffers.</summary>
    private static readonly TimeSpan SettledWithFaults = TimeSpan.FromMinutes(5);

    /// <returns>An exit code: with faults 0 only where all goals hold.</returns>
    public static int Measure(Settings settings, TimeSpan length, bool faults, OnnxWorldModel model, ConsoleOutput console, CancellationToken cancelled)
    {
        console.Progress("encoding 720p pictures from the sample drive");
        var drive = new BenchDrive(model.Manifest);
        console.Line(string.Create(CultureInfo.InvariantCulture, $"running for {length.TotalMinutes:0.#} minutes at {1 / model.Manifest.TickPeriod.TotalSeconds:0.#} Hz{(faults ? ", with a fault every 15 s and the broker killed every two minutes" : "")}"));
        var usual = faults ? SettledWithFaults : Settled;
        var settled = usual < length / 4 ? usual : length / 4;
        using var probe = new SoakProbe(length + TimeSpan.FromMinutes(1));
        var input = drive.Live(settings, (int)(length / model.Manifest.TickPeriod));
        probe.Start();
        var (summary, kills) = faults ? WithFaults(settings, length, input, model, console, cancelled) : (new LiveSession(settings, model, console.With(console.Json, quiet: true)).Run(input, cancelled), 0);
        probe.Stop();
        var holds = Report(summary, probe, settled, faults, kills, console);
        SummaryReport.Finish(summary with { Injected = faults ? [$"{summary.Injected.Count} faults of the soak"] : [] }, settings, console);
        return holds ? ExitCode.Fine : ExitCode.Failed;
    }

    private static (Summary Summary, int Kills) WithFaults(Settings settings, TimeSpan length, LiveInput input, OnnxWorldModel model, ConsoleOutput console, CancellationToken cancelled)
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        using var killer = new SoakFaults.BrokerKiller(broker);
        var elsewhere = settings with { Broker = settings.Broker with { Address = new BrokerAddress(IsEmbedded: false, "127.0.0.1", broker.Port, Tls: false) } };
        var session = new LiveSession(elsewhere, model, console.Discarding()); // every fault says when it begins and ends: in half an hour that is all one would see
        return (session.Run(input with { Faults = SoakFaults.Over(length) }, cancelled), killer.Kills);
    }

    private static bool Report(Summary summary, SoakProbe probe, TimeSpan settled, bool faults, int kills, ConsoleOutput console)
    {
        var (memory, descriptors) = (probe.Memory(settled), probe.Descriptors(settled));
        var missed = Math.Round((summary.DeadlineMissRatio ?? 0) * summary.Framesets.Captured);
        var sets = summary.Framesets;
        var addsUp = sets.Formed == sets.Published + sets.Dropped.Values.Sum() && summary.Frames.Values.All(camera => camera.Captured == camera.Used + camera.Dropped.Values.Sum());
        bool[] goals = [memory?.MbPerMinute <= MostMbPerMinute, descriptors is { } seen && seen.Later <= seen.Earlier, summary.Gc.PauseRatio <= MostPauseRatio, addsUp];
        string Goal(int number, string goal) => faults ? $" (goal {goal}: {(goals[number] ? "pass" : "FAIL")})" : "";
        console.Table(
            $"soak, {BenchDrive.Cameras} cameras of {StreetPictures.WidthPx}x{StreetPictures.HeightPx}{(faults ? Text($", {summary.Injected.Count} faults, the broker killed {kills} times") : "")}",
            [],
            [
                ["resident memory", (memory is { } trend
                    ? Text($"{trend.StartMb:0.0} MB after {settled.TotalSeconds:0} s, {trend.EndMb:0.0} MB at the end, {trend.MbPerMinute:+0.000;-0.000;0.000} MB a minute")
                    : "unknown: too short") + Goal(0, "<= 0.1 MB a minute")],
                ["descriptors", (descriptors is { } open ? Text($"at most {open.Earlier} in the first half, {open.Later} in the second") : "unknown: too short") + Goal(1, "no more")],
                ["collector's pauses", Text($"{summary.Gc.PauseRatio * 100:0.0000} % of the time, {summary.Gc.Gen2Steady} of generation 2 in steady state, {summary.Gc.Gen2} with the start") + Goal(2, "<= 0.1 %")],
                ["ledgers", (addsUp ? "add up" : "do not add up") + Goal(3, "add up")],
                ["allocation", summary.AllocBytesPerFrameset is { } bytes ? Text($"{bytes:0} B a frame set") : "unknown"],
                ["deadline misses", Text($"{missed:0} of {sets.Captured} frame sets")],
            ]);
        return !faults || goals.All(holds => holds);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
