using Forecast.Adapters.Drives;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay;
using Forecast.Replay.Calibration;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast calibrate`: every drive in lock-step, without a broker, then the fit, then the file.</summary>
internal static class CalibrationRun
{
    public static Task<int> RunAsync(Settings settings, CalibrateOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        var drives = options.Drives.Select(path => DriveLibrary.Open(path, settings.RigFile, DriveReplay.AssumedRigs)).ToList();
        var rig = TheRigOf(drives);
        var egoEstimated = WithoutLog(drives);
        using var model = ModelComposition.Load(settings, exact: false, console);
        RigChecks.ThrowIfUnsuited(rig, model.Manifest, calibration: null);
        if (rig.CalibrationAssumed)
        {
            console.Warning($"the cameras' calibration of the rig {rig.Name} is assumed: its forecasts stay degraded and its guarantee suspended; measure it (calibration: measured in the rig)");
        }

        var manifest = model.Manifest;
        using var recorder = new CalibrationRecorder(manifest);
        for (var i = 0; i < drives.Count && !cancelled.IsCancellationRequested; i++)
        {
            Record(drives[i], $"drive {i + 1} of {drives.Count}, {drives[i].Name}", model, settings, recorder, console, cancelled);
        }

        if (cancelled.IsCancellationRequested)
        {
            console.Error("told to end before all drives were seen: nothing was written");
            return Task.FromResult(ExitCode.Failed);
        }

        var driven = TimeSpan.FromSeconds(drives.Sum(drive => drive.Duration.TotalSeconds));
        var fit = new RigCalibrationFit(recorder, manifest, egoEstimated);
        var calibration = new RigCalibration(manifest.Sha256, RigFingerprint.Of(rig), rig.Name, options.Domain ?? rig.Name, egoEstimated, RigCalibrationFit.Alpha, recorder.LabelledDrives == 0 ? drives.Count : recorder.LabelledDrives)
        {
            Risk = fit.Risk, UpperBound = fit.UpperBound, Surprise = fit.Surprise,
        };
        var report = new CalibrationReport(calibration, fit, manifest, drives.Count, recorder.LabelledDrives, driven);
        if (calibration.Risk is null && calibration.Surprise is null)
        {
            report.Show(console, options.OutFile, written: false);
            return Task.FromResult(ExitCode.Failed);
        }

        CalibrationFile.Write(options.OutFile, calibration, manifest, [.. drives.Select(drive => drive.Name)], driven);
        report.Show(console, options.OutFile, written: true);
        return Task.FromResult(ExitCode.Fine);
    }

    /// <exception cref="UsageException">The drives were recorded with different rigs.</exception>
    private static Rig TheRigOf(List<RecordedDrive> drives)
    {
        foreach (var drive in drives)
        {
            if (RigFingerprint.Difference(drives[0].Rig, drive.Rig) is { } difference)
            {
                throw new UsageException($"{drive.Path}: another rig than {drives[0].Path} (they differ in {difference}); a calibration is for one rig: give drives of one, or --rig FILE for all of them");
            }
        }

        return drives[0].Rig;
    }

    /// <exception cref="UsageException">Some drives have an ego log and others have none.</exception>
    private static bool WithoutLog(List<RecordedDrive> drives)
    {
        var without = drives.FindAll(drive => drive.Ego.Count == 0);
        return without.Count == 0 || without.Count == drives.Count
            ? without.Count > 0
            : throw new UsageException($"{without[0].Path}: has no ego log, and other drives have one; the model is calibrated apart for estimated motion: give drives of one kind");
    }

    private static void Record(RecordedDrive drive, string title, OnnxWorldModel model, Settings settings, CalibrationRecorder recorder, ConsoleOutput console, CancellationToken cancelled)
    {
        var labels = drive.LabelsPath is null ? null : DriveLabels.Load(drive.LabelsPath);
        var manifest = CalibrationRecorder.Uncalibrated(model.Manifest, drive.Ego.Count == 0);
        var clock = new DriveClock(drive.Start);
        var rigClock = new RigClock(clock);
        var manoeuvres = new Manoeuvres(manifest, manifest.Candidates.Count);
        using var run = model.CreateRun(drive.Rig.Cameras.Count);
        var parts = JourneyParts.Build(
            drive.Rig, manifest, run, manoeuvres, ModelComposition.Free(manoeuvres), new JourneyOptions { Budget = settings.BudgetFor(manifest.TickPeriod), EverySet = true }, drive.Domain, Guid.NewGuid);
        var metrics = new PipelineMetrics(drive.Rig, manifest, parts.Admission.Budget, parts.Ledger, model.Provider, VersionCommand.Text);
        var sources = Enumerable.Range(0, drive.Cameras.Count).Select(camera => drive.OpenCamera(camera, manifest.InputWidthPx, manifest.InputHeightPx)).ToList();
        recorder.BeginDrive(drive.Rig, drive.Start, labels);
        using var replay = new LockStepReplay(parts, sources, drive.Ego, drive.Plans, manifest.InputWidthPx * manifest.InputHeightPx * 3, new ForecastPublisher([recorder], rigClock, parts.Ledger, metrics), clock)
        {
            Progress = moment => console.Progress($"{title}: {moment.SecondsSince(drive.Start):0.0} of {drive.Duration.TotalSeconds:0.0} s"),
        };
        replay.Run(cancelled);
        foreach (var trouble in replay.Troubles.Where(trouble => trouble is not null))
        {
            console.Warning($"{drive.Name}: {trouble}");
        }
    }
}
