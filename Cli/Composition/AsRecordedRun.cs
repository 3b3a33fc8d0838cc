using System.Diagnostics;
using Forecast.Adapters.Drives;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast replay --as-recorded`: a live run's own decisions again, and whether they give what it said.</summary>
internal static class AsRecordedRun
{
    public static int Run(Settings settings, ReplayOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        var summaries = new List<Summary>();
        var worst = ExitCode.Fine;
        foreach (var path in options.Drives.TakeWhile(_ => !cancelled.IsCancellationRequested))
        {
            if (!RecordingReader.IsRecording(path))
            {
                throw new UsageException($"--as-recorded {path}: only a recording holds decisions; make one with forecast run --record DIR");
            }

            var (summary, code) = RunOne(settings, options, RecordingReader.Open(path), console, cancelled);
            summaries.Add(summary);
            worst = Math.Max(worst, code);
        }

        if (summaries.Count > 0)
        {
            SummaryReport.Finish(Summary.Of(summaries), settings, console);
        }

        return worst;
    }

    private static (Summary Summary, int Code) RunOne(Settings settings, ReplayOptions options, RecordingReader recording, ConsoleOutput console, CancellationToken cancelled)
    {
        var session = recording.Session;
        console.Line(FormattableString.Invariant($"recording {session.Name}: {session.Rig.Cameras.Count} cameras, {recording.Published.Count} forecasts, {session.Software} on {session.Provider}"));
        ThrowIfWithoutDecisions(recording);
        using var model = ModelComposition.LoadAs(settings, session, console);
        var manifest = model.Manifest;
        var manoeuvres = new Manoeuvres(manifest, session.Manoeuvres);
        using var run = model.CreateRun(session.Rig.Cameras.Count);
        var looks = LookBackCost.OfRecording();
        var costs = new CostTable(session.Rungs, session.Costs, frozen: false, session.PublishingCost);
        var journey = new JourneyOptions { Budget = session.Budget, LookBack = looks };
        var parts = JourneyParts.Build(session.Rig, manifest, run, manoeuvres, costs, journey, RigChecks.DomainOf(session.Domain, model.Calibration), new EventIds(session.Name).Next);
        var identity = new MessageIdentity(session.Vehicle, Guid.Empty, SourceKind.Replay, "recorded", model.Provider, session.ConfigSha256, VersionCommand.Text);
        var moment = new RecordedMoment { Now = session.Start };
        var clock = new RigClock(moment);
        using var digest = new DigestSink(manifest, session.Rig);
        using var file = options.OutFile is null ? null : new RunFileSink(options.OutFile, manifest, session.Rig, identity, clock);
        var measures = new RunMeasures(new PipelineMetrics(session.Rig, manifest, session.Budget, parts.Ledger, model.Provider, VersionCommand.Text));
        var publisher = new ForecastPublisher(file is null ? [digest] : [digest, file], clock, parts.Ledger, measures);
        var started = Stopwatch.GetTimestamp();
        using var replay = new AsRecordedReplay(recording, parts, looks, publisher, moment, new CanonicalDigest(manifest, session.Rig))
        {
            Progress = reference => console.Progress(FormattableString.Invariant($"{reference.SecondsSince(session.Start):0.0} s")),
        };
        var result = replay.Run(cancelled);
        if (!cancelled.IsCancellationRequested)
        {
            file?.Complete();
        }

        var summary = measures.Summarise(parts.Ledger.Copy(), Stopwatch.GetElapsedTime(started), null) with { RiskEvents = parts.Judge.Alarms, Digest = digest.Value, InstructionSet = InstructionSet.Name };
        return (summary, cancelled.IsCancellationRequested ? ExitCode.Fine : Judge(recording, result, model.Provider, console));
    }

    private static int Judge(RecordingReader recording, AsRecordedResult result, string provider, ConsoleOutput console)
    {
        var session = recording.Session;
        if (result.Gap is { } gap)
        {
            console.Warning($"{recording.Path}: told again up to a gap: {gap}");
        }

        if (result.Difference is null)
        {
            console.Line(FormattableString.Invariant($"as recorded: {result.Decisions} decisions and {result.Forecasts} forecasts are those of the recorded run"));
            return result.Gap is null ? ExitCode.Fine : ExitCode.NotComparable;
        }

        var elsewhere = session.InstructionSet != InstructionSet.Name ? $"it was recorded on {session.InstructionSet}, and this is {InstructionSet.Name}"
            : session.Provider != provider ? $"it was recorded on {session.Provider}, and this is {provider}"
            : session.Memory ? "it was recorded with an episodic memory, whose scenes of before are not in the recording"
            : session.Injected.Count > 0 ? $"it was recorded with faults made on purpose ({string.Join(", ", session.Injected)})"
            : null;
        console.Warning($"{recording.Path}: {result.Difference}{(elsewhere is null ? "" : $"; {elsewhere}: not comparable")}");
        return elsewhere is null ? ExitCode.Regression : ExitCode.NotComparable;
    }

    private static void ThrowIfWithoutDecisions(RecordingReader recording)
    {
        foreach (var problem in recording.Problems.Take(1).Where(_ => recording.Published.Count == 0))
        {
            throw new UnusableInputException(problem);
        }

        if (recording.Session.Rungs.Count == 0)
        {
            throw new UsageException($"--as-recorded {recording.Path}: it was recorded without forecasts (forecast record); leave --as-recorded out");
        }
    }
}
