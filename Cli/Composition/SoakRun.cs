using System.Globalization;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Benchmarks;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast bench --soak`: the benchmark's cameras in real time for minutes on end, and whether anything grows.</summary>
internal static class SoakRun
{
    /// <summary>Memory is looked at from then on: code is compiled a second time, and buffers reach their size.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    public static void Measure(Settings settings, TimeSpan length, OnnxWorldModel model, ConsoleOutput console, CancellationToken cancelled)
    {
        console.Progress("encoding 720p pictures from the sample drive");
        var drive = new BenchDrive(model.Manifest);
        console.Line(string.Create(CultureInfo.InvariantCulture, $"running for {length.TotalMinutes:0.#} minutes at {1 / model.Manifest.TickPeriod.TotalSeconds:0.#} Hz"));
        var settled = Settled < length / 4 ? Settled : length / 4;
        using var probe = new SoakProbe(length + TimeSpan.FromMinutes(1));
        probe.Start();
        var summary = new LiveSession(settings, model, console.With(console.Json, quiet: true)).Run(drive.Live(settings, (int)(length / model.Manifest.TickPeriod)), cancelled);
        probe.Stop();
        Report(summary, probe.Memory(settled), settled, console);
        SummaryReport.Finish(summary, settings, console);
    }

    private static void Report(Summary summary, MemoryTrend? memory, TimeSpan settled, ConsoleOutput console)
    {
        var missed = Math.Round((summary.DeadlineMissRatio ?? 0) * summary.Framesets.Captured);
        console.Table(
            $"soak, {BenchDrive.Cameras} cameras of {StreetPictures.WidthPx}x{StreetPictures.HeightPx}",
            [],
            [
                ["gen-2 collections", Text($"{summary.Gc.Gen2}")],
                ["allocation", summary.AllocBytesPerFrameset is { } bytes ? Text($"{bytes:0} B a frame set") : "unknown"],
                ["resident memory", memory is { } seen
                    ? Text($"{seen.StartMb:0.0} MB after {settled.TotalSeconds:0} s, {seen.EndMb:0.0} MB at the end, {seen.MbPerMinute:+0.000;-0.000;0.000} MB a minute")
                    : "unknown: too short"],
                ["deadline misses", Text($"{missed:0} of {summary.Framesets.Captured} frame sets")],
            ]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
