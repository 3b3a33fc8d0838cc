using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Cli.Composition;

/// <summary>The world model as the settings want it, and what a run of it costs.</summary>
internal static class ModelComposition
{
    private const int WarmUpRepeats = 10;

    /// <param name="exact">One thread, on the CPU, bit for bit.</param>
    public static OnnxWorldModel Load(Settings settings, bool exact, ConsoleOutput console)
    {
        var options = settings.Model.ToOnnxOptions(exact);
        options = exact
            ? options with { Provider = ProviderWish.Cpu, IntraOpThreads = 1 }
            : options with { IntraOpThreads = Math.Min(options.IntraOpThreads, Environment.ProcessorCount) };
        var model = OnnxWorldModel.Load(settings.Model.Folder, options, console.Warning);
        var report = model.ProviderReport;
        console.Line($"model {model.Manifest.Name} {model.Manifest.Version} on {report.Live}: {report.Why}");
        return model;
    }

    /// <summary>Every rung timed before the first frame comes.</summary>
    public static CostTable WarmUp(OnnxWorldModel model, int cameras, Manoeuvres manoeuvres) =>
        new(manoeuvres.Rungs, [.. model.WarmUp(cameras, manoeuvres.Rungs, WarmUpRepeats).Select(time => time.P99)], frozen: false);

    /// <summary>In lock-step a run costs the drive's clock nothing: every set runs at the full rung.</summary>
    public static CostTable Free(Manoeuvres manoeuvres) => new(manoeuvres.Rungs, [.. manoeuvres.Rungs.Select(_ => TimeSpan.Zero)], frozen: true);

    /// <summary>The manifest's costs, the same everywhere, so that an exact replay decides as it would on any machine.</summary>
    public static CostTable Frozen(ModelManifest manifest, Manoeuvres manoeuvres) => CostTable.FromManifest(manifest, manoeuvres.Rungs);
}
