using Forecast.Adapters.Drives;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Publishing;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast demo`: a sample drive played as cameras in real time.</summary>
internal static class DemoRun
{
    public static Task<int> RunAsync(Settings settings, DemoOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        var drive = DriveLibrary.Open(options.DriveFolder, settings.RigFile);
        console.Line($"drive {drive.Name}: {drive.Cameras.Count} cameras, {drive.Duration.TotalSeconds:0.0} s");
        using var model = ModelComposition.Load(settings, exact: false, console);
        using var memory = MemoryComposition.Open(settings, model.Manifest, console);
        using var dashboard = DashboardComposition.Open(settings, console);
        var input = new DrivePlayer(drive).Input(settings, SourceKind.Demo, RunName.Create()) with { Faults = options.Faults, Record = options.Record };
        var summary = new LiveSession(settings, model, console, memory, dashboard).Run(input, cancelled);
        SummaryReport.Finish(summary, settings, console);
        if (options.Stay && summary.Framesets.Published > 0 && !cancelled.IsCancellationRequested)
        {
            dashboard?.Stay(cancelled);
        }

        return Task.FromResult(summary.Framesets.Published > 0 || cancelled.IsCancellationRequested ? ExitCode.Fine : ExitCode.Failed);
    }
}

/// <summary>The level of the topic that keeps two runs of the same recording apart.</summary>
internal static class RunName
{
    public static string Create() => Guid.NewGuid().ToString("N")[..8];
}
