using System.Diagnostics;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.WhatIf;
using Forecast.Replay.Recording;

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
            : options with { IntraOpThreads = Threads(settings) };
        return Load(settings, options, console);
    }

    private static OnnxWorldModel Load(Settings settings, OnnxOptions options, ConsoleOutput console)
    {
        var model = OnnxWorldModel.Load(settings.Model.Folder, options, console.Warning);
        var report = model.ProviderReport;
        console.Line($"model {model.Manifest.Name} {model.Manifest.Version} on {report.Live}: {report.Why}");
        if (settings.Model.CalibrationFile is { } file)
        {
            model.Calibrate(CalibrationFile.Load(file, model.Manifest, settings.SignedBy));
            console.Line($"calibrated for the rig {model.Calibration!.RigName} from {model.Calibration.Drives} drives: {file}");
        }

        return model;
    }

    /// <summary>Threads of one graph's run on the CPU, where the settings are not of an exact run.</summary>
    public static int Threads(Settings settings) => Math.Min(settings.Model.ToOnnxOptions(exact: false).IntraOpThreads, Environment.ProcessorCount);

    /// <summary>The model as a recorded run had it.</summary>
    /// <exception cref="UsageException">It is another model, or calibrated otherwise.</exception>
    public static OnnxWorldModel LoadAs(Settings settings, RecordedSession session, ConsoleOutput console)
    {
        var options = settings.Model.ToOnnxOptions(exact: false) with { IntraOpThreads = session.IntraOpThreads };
        var model = Load(settings, session.Provider == "cpu" ? options with { Provider = ProviderWish.Cpu } : options, console);
        if (model.Manifest.Sha256 != session.ModelSha256 || model.Manifest.CalibrationSha256 != session.CalibrationSha256)
        {
            var (now, recorded) = (model.Manifest.CalibrationSha256, session.CalibrationSha256);
            model.Dispose();
            throw new UsageException(model.Manifest.Sha256 != session.ModelSha256
                ? $"--model {settings.Model.Folder}: the recording is of {session.ModelName} {session.ModelVersion} ({session.ModelSha256[..12]}), and this is {model.Manifest.Name} {model.Manifest.Version} ({model.Manifest.Sha256[..12]}): name its folder"
                : $"--calibration: the recording was made with {Named(recorded)}, and this run has {Named(now)}: name the same file");
        }

        return model;
    }

    private static string Named(string? calibration) => calibration is null ? "the model's own calibration" : $"the calibration {calibration[..12]}";

    /// <summary>Every rung timed before the first frame comes.</summary>
    /// <param name="rehearsed">What a set takes beside the model.</param>
    public static CostTable WarmUp(OnnxWorldModel model, int cameras, Manoeuvres manoeuvres, RehearsedCosts rehearsed)
    {
        var ladder = Rung.Ladder(manoeuvres.Rungs, cameras, model.Manifest.CamerasMin);
        return new CostTable(ladder, [.. model.WarmUp(cameras, ladder, WarmUpRepeats).Select(time => time.P99 + rehearsed.BesideTheModel)], frozen: false, rehearsed.Publishing);
    }

    /// <summary>What looking back for surprise costs: the median of some, so that the first one already knows whether there is time for it.</summary>
    public static LookBackCost WarmUpLookBack(IWorldModel model, IWorldRun run)
    {
        var looks = new SurpriseReading(model.Manifest.HorizonsS).Looks;
        if ((model.Manifest.Calibration.Surprise ?? model.Manifest.Calibration.SurpriseEgoEstimated) is null || looks == 0)
        {
            return LookBackCost.Free;
        }

        var past = run.KeepPast(1);
        var times = new TimeSpan[WarmUpRepeats];
        for (var i = -2; i < WarmUpRepeats; i++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var look = 0; look < looks; look++)
            {
                past.Imagine(0);
            }

            if (i >= 0)
            {
                times[i] = Stopwatch.GetElapsedTime(started);
            }
        }

        Array.Sort(times);
        return new LookBackCost(times[WarmUpRepeats / 2]);
    }

    /// <summary>What answering a plan request costs, by batch: the median of some. The dearest would be the floor for the whole run, and one stall at the start would shed for ever.</summary>
    public static AnswerCost WarmUpAnswers(IWorldRun run)
    {
        var candidates = run.KeepCandidates();
        var costs = new TimeSpan[candidates.Batches.Length];
        var times = new TimeSpan[WarmUpRepeats];
        for (var batch = 0; batch < costs.Length; batch++)
        {
            candidates.Imagine(batch);
            for (var i = 0; i < WarmUpRepeats; i++)
            {
                var started = Stopwatch.GetTimestamp();
                candidates.Imagine(batch);
                times[i] = Stopwatch.GetElapsedTime(started);
            }

            Array.Sort(times);
            costs[batch] = times[WarmUpRepeats / 2];
        }

        return new AnswerCost(costs);
    }

    /// <summary>In lock-step a run costs the drive's clock nothing: every set runs at the full rung.</summary>
    public static CostTable Free(Manoeuvres manoeuvres) => new(manoeuvres.Rungs, [.. manoeuvres.Rungs.Select(_ => TimeSpan.Zero)], frozen: true);

    /// <summary>The manifest's costs, the same everywhere, so that an exact replay decides as it would on any machine.</summary>
    public static CostTable Frozen(ModelManifest manifest, Manoeuvres manoeuvres) => CostTable.FromManifest(manifest, manoeuvres.Rungs);
}
