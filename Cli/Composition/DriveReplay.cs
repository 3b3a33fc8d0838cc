using System.Diagnostics;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast replay`: recorded drives, one after the other, through the same pipeline.</summary>
internal static class DriveReplay
{
    private static readonly TimeSpan BrokerLimit = TimeSpan.FromSeconds(5);

    /// <summary>Rigs estimated for well-known bare videos; any other gets a generic one, and says so.</summary>
    internal static string AssumedRigs => Path.Combine(CommandHost.FindRoot(AppContext.BaseDirectory), "data-samples", "rigs");

    public static Task<int> RunAsync(Settings settings, ReplayOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        if (options.Mode == ReplayMode.AsRecorded)
        {
            return Task.FromResult(AsRecordedRun.Run(settings, options, console, cancelled));
        }

        var drives = options.Drives.Select(path => Open(path, settings, console)).ToList();
        using var model = ModelComposition.Load(settings, options.Mode == ReplayMode.Exact, console);
        foreach (var drive in drives)
        {
            RigChecks.ThrowIfUnsuited(drive.Rig, model.Manifest, model.Calibration);
        }

        using var memory = options.Mode == ReplayMode.Exact ? null : MemoryComposition.Open(settings, model.Manifest, console); // an exact run must not depend on the runs before it
        using var dashboard = DashboardComposition.Open(settings, console, onlyIfAsked: true);
        var summaries = new List<Summary>();
        foreach (var drive in drives.TakeWhile(_ => !cancelled.IsCancellationRequested))
        {
            Introduce(drive, console);
            summaries.Add(options.Mode == ReplayMode.AsLive
                ? new LiveSession(settings, model, console, memory, dashboard).Run(new DrivePlayer(drive).Input(settings, SourceKind.Replay, RunName.Create()), cancelled)
                : LockStep(settings, options, drive, model, memory, dashboard, console, cancelled));
        }

        if (summaries.Count == 0)
        {
            return Task.FromResult(ExitCode.Fine); // told to end before the first drive began
        }

        var whole = Summary.Of(summaries);
        SummaryReport.Finish(whole, settings, console);
        if (options.Stay && whole.Framesets.Published > 0 && !cancelled.IsCancellationRequested)
        {
            dashboard?.Stay(cancelled);
        }

        return Task.FromResult(whole.Framesets.Published > 0 || cancelled.IsCancellationRequested ? ExitCode.Fine : ExitCode.Failed);
    }

    /// <exception cref="UsageException">Another rig is asked for, and its pictures were prepared with their own.</exception>
    private static RecordedDrive Open(string path, Settings settings, ConsoleOutput console)
    {
        if (!RecordingReader.IsRecording(path))
        {
            return DriveLibrary.Open(path, settings.RigFile, AssumedRigs);
        }

        if (settings.RigFile is not null)
        {
            throw new UsageException($"--rig {settings.RigFile}: the pictures of the recording {path} were prepared with the rig in it; leave --rig out");
        }

        var recording = RecordingReader.Open(path);
        foreach (var problem in recording.Problems)
        {
            console.Warning(problem);
        }

        return recording.AsDrive();
    }

    private static void Introduce(RecordedDrive drive, ConsoleOutput console)
    {
        console.Line($"drive {drive.Name}: {drive.Cameras.Count} cameras, {drive.Duration.TotalSeconds:0.0} s");
        foreach (var assumption in drive.Assumptions)
        {
            console.Line($"  {assumption}");
        }
    }

    private static Summary LockStep(Settings settings, ReplayOptions options, RecordedDrive drive, OnnxWorldModel model, IEpisodicMemory? memory, DashboardComposition? dashboard, ConsoleOutput console, CancellationToken cancelled)
    {
        var manifest = model.Manifest;
        var clock = new DriveClock(drive.Start);
        var rigClock = new RigClock(clock);
        var session = options.Mode == ReplayMode.Exact ? Guid.Empty : Guid.NewGuid();
        var manoeuvres = new Manoeuvres(manifest, settings.Manoeuvres);
        using var run = model.CreateRun(drive.Rig.Cameras.Count);
        var eventIds = new EventIds(drive.Name);
        var journey = new JourneyOptions { Budget = settings.BudgetFor(manifest.TickPeriod), EverySet = true, Memory = memory, MemoryDrive = drive.Name };
        var costs = options.Mode == ReplayMode.Exact ? ModelComposition.Frozen(manifest, manoeuvres) : ModelComposition.Free(manoeuvres);
        var parts = JourneyParts.Build(drive.Rig, manifest, run, manoeuvres, costs, journey, RigChecks.DomainOf(drive.Domain, model.Calibration), eventIds.Next);
        var identity = new MessageIdentity(settings.Vehicle, session, SourceKind.Replay, "drive", model.Provider, settings.Sha256, VersionCommand.Text);

        using var broker = BrokerComposition.Open(settings, console);
        var topicBase = TopicTable.ReplayBase(settings.Vehicle, RunName.Create());
        using var mqtt = new PatientSink(broker.CreateSink(topicBase, manifest, drive.Rig, identity, rigClock));
        using var digest = new DigestSink(manifest, drive.Rig);
        using var file = options.OutFile is null ? null : new RunFileSink(options.OutFile, manifest, drive.Rig, identity, rigClock);
        if (!broker.StartAndWait(BrokerLimit, cancelled) && !cancelled.IsCancellationRequested)
        {
            throw new UsageException($"broker {broker.Url}: no answer within {BrokerLimit.TotalSeconds:0} s; start it, or leave --broker out for one of our own");
        }

        console.Line($"publishing below {topicBase} on {broker.Url}");
        var metrics = new PipelineMetrics(drive.Rig, manifest, parts.Admission.Budget, parts.Ledger, model.Provider, VersionCommand.Text);
        var measures = new RunMeasures(metrics);
        using var page = dashboard?.Begin(manifest, drive.Rig, identity, rigClock, journey.Budget, parts.Ledger, drive.Name, LockStepReplay.SlotsPerCamera);
        List<IForecastSink> sinks = [mqtt, digest];
        sinks.AddRange(file is null ? [] : [file]);
        sinks.AddRange(page is null ? [] : [page.Sink]);
        var publisher = new ForecastPublisher(sinks, rigClock, parts.Ledger, measures);
        IReadOnlyList<IFrameSource> sources = [.. Enumerable.Range(0, drive.Cameras.Count).Select(camera => drive.OpenCamera(camera, manifest.InputWidthPx, manifest.InputHeightPx))];
        sources = page?.Around(sources) ?? sources;
        var started = Stopwatch.GetTimestamp();
        using (var replay = new LockStepReplay(parts, sources, drive.Ego, drive.Plans, manifest.InputWidthPx * manifest.InputHeightPx * 3, publisher, clock)
        {
            Speed = options.Speed ?? 0,
            Progress = moment => console.Progress($"{moment.SecondsSince(drive.Start):0.0} of {drive.Duration.TotalSeconds:0.0} s"),
        })
        {
            replay.Run(cancelled);
            foreach (var trouble in replay.Troubles.Where(trouble => trouble is not null))
            {
                console.Warning(trouble!);
            }
        }

        mqtt.Flush(BrokerLimit);
        if (!cancelled.IsCancellationRequested)
        {
            file?.Complete();
        }

        return measures.Summarise(parts.Ledger.Copy(), Stopwatch.GetElapsedTime(started), drive.Duration) with { Digest = digest.Value, InstructionSet = InstructionSet.Name, RiskEvents = parts.Judge.Alarms };
    }
}
