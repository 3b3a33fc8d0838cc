using System.Diagnostics;
using Forecast.Adapters.Glibc;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Systemd;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay.Faults;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>What differs between live cameras and a recorded drive played as if it were live; everything else is the same pipeline.</summary>
/// <param name="OpenCameras">Given the run's clock: a source for each camera of the rig, in its order.</param>
/// <param name="OpenMotion">Where the vehicle's motion comes from; null: the model estimates it.</param>
/// <param name="Domain">Compared with the model's calibration domain; null for a real rig.</param>
/// <param name="Duration">How long the sources last; null: until told to end.</param>
internal sealed record LiveInput(
    Rig Rig,
    SourceKind Kind,
    string TopicBase,
    Func<RigClock, ModelManifest, IReadOnlyList<IFrameSource>> OpenCameras,
    Func<RigClock, BrokerComposition, IEgoMotionSource?> OpenMotion,
    string? Domain,
    TimeSpan? Duration,
    bool BrokerMustAnswer)
{
    /// <summary>What this run's scenes are filed under in the episodic memory.</summary>
    public string MemoryDrive { get; init; } = "live";

    /// <summary>What is made to go wrong on purpose.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Further sinks after MQTT's, given the run's clock, as long as the run.</summary>
    public Func<RigClock, IReadOnlyList<IForecastSink>> AlsoTo { get; init; } = _ => [];

    /// <summary>Where the run is recorded; null: nowhere.</summary>
    public RecordingOptions? Record { get; init; }

    /// <summary>Where events are kept beyond the process; null: in memory only, since a recording's topics end with its run.</summary>
    public OutboxSettings? Outbox { get; init; }
}

/// <summary>One run of the pipeline on the machine's clock: demo, run, and replay --as-live.</summary>
internal sealed class LiveSession(Settings settings, OnnxWorldModel model, ConsoleOutput console, IEpisodicMemory? memory = null, DashboardComposition? dashboard = null)
{
    private const int SlotsPerCamera = 10; // the aligner holds eight, one is being filled, one is under way
    private static readonly TimeSpan BrokerLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TerminalLook = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PipeLook = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, string?> _troubles = [];
    private string? _outboxTrouble;
    private bool _modelHangs;
    private string? _recorderTrouble;

    /// <exception cref="UsageException">The broker that must answer does not, or the rig does not suit the model.</exception>
    public Summary Run(LiveInput input, CancellationToken cancelled)
    {
        var manifest = model.Manifest;
        RigChecks.ThrowIfUnsuited(input.Rig, manifest, model.Calibration);
        var session = Guid.NewGuid();
        var faults = new InjectedFaults(input.Faults, input.Rig, TimeProvider.System);
        Warn(faults.Texts.Select(text => $"injected on purpose: {text}"));
        var clock = new RigClock(faults.Time);
        var manoeuvres = new Manoeuvres(manifest, settings.Manoeuvres);
        var identity = new MessageIdentity(settings.Vehicle, session, input.Kind, "unix", model.Provider, settings.Sha256, VersionCommand.Text);
        var rehearsed = Rehearsal.Run(model, input.Rig, settings.Manoeuvres, identity, settings.Broker.Encoding);
        var costs = ModelComposition.WarmUp(model, input.Rig.Cameras.Count, manoeuvres, rehearsed);
        using var run = faults.Around(model.CreateRun(input.Rig.Cameras.Count));
        var options = new JourneyOptions
        {
            Budget = settings.BudgetFor(manifest.TickPeriod), LookBack = ModelComposition.WarmUpLookBack(model, run), Memory = memory, MemoryDrive = input.MemoryDrive,
            Answers = ModelComposition.WarmUpAnswers(run),
        };
        var parts = JourneyParts.Build(input.Rig, manifest, run, manoeuvres, costs, options, RigChecks.DomainOf(input.Domain, model.Calibration), Guid.NewGuid);

        using var recorder = input.Record is null ? null : RecorderComposition.Open(input.Record, input, settings, model, identity, parts, clock, memory is not null);
        using var recording = recorder is null ? null : new RecordingSink(recorder, manifest, input.Rig, identity, clock);
        parts = parts with { Log = recorder };
        using var broker = BrokerComposition.Open(settings, console, input.Outbox);
        using var sink = broker.CreateSink(input.TopicBase, manifest, input.Rig, identity, clock);
        using var page = dashboard?.Begin(manifest, input.Rig, identity, clock, options.Budget, parts.Ledger, input.MemoryDrive, SlotsPerCamera);
        using var telemetry = new RunTelemetry(settings, input.Rig, model, parts, clock, sink, () => broker.Connection.IsConnected, console) { Page = page, Recording = recording };
        broker.Connection.Pulse = new Pulse("mqtt", clock);
        using var motion = input.OpenMotion(clock, broker); // before the connection starts, which subscribes to what it then knows
        using var answers = new MqttPlanAnswers(broker.Connection, parts.Desk!, new ForecastEncoder(manifest, input.Rig, identity, settings.Broker.Encoding), clock);
        using var requests = new MqttPlanRequests(broker.Connection, input.TopicBase, parts.Desk!, clock); // as the motion
        if (!broker.StartAndWait(BrokerLimit, cancelled) && input.BrokerMustAnswer && !cancelled.IsCancellationRequested)
        {
            throw new UsageException($"broker {broker.Url}: no answer within {BrokerLimit.TotalSeconds:0} s; start it, or leave --broker out for one of our own");
        }

        console.Line($"publishing below {input.TopicBase} on {broker.Url}");
        motion?.Start(recorder is null ? parts.Motion : new RecordedMotion(parts.Motion, recorder));
        var beacon = broker.CreateBeacon(sink, input.TopicBase, new ForecastEncoder(manifest, input.Rig, identity, settings.Broker.Encoding));
        var summary = Travel(input, parts, clock, faults, sink, telemetry, new Edges(broker.Connection.Pulse, beacon, recorder, recording), cancelled);
        if (_modelHangs)
        {
            recorder?.Dispose();
            sink.Dispose();
            broker.Dispose();
            End(summary);
        }

        return summary;
    }

    /// <summary>The process ends here: a thread is inside the model's memory, which nothing may free, and nothing can make it leave.</summary>
    private void End(Summary summary)
    {
        SummaryReport.Finish(summary, settings, console);
        console.Error("the world model hangs in a native call and does not come back: the run is ended without it; start it again, and if it hangs again, see forecast doctor");
        ProcessEnd.AtOnce(ExitCode.Failed);
    }

    private void Warn(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            console.Warning(line);
        }
    }

    /// <summary>One line when what a camera says of itself changes.</summary>
    private void WarnOfTrouble(ForecastPipeline pipeline)
    {
        for (var i = 0; i < pipeline.Cameras.Count; i++)
        {
            var camera = pipeline.Cameras[i];
            var trouble = camera.Trouble;
            if (trouble != _troubles.GetValueOrDefault(camera.Camera))
            {
                _troubles[camera.Camera] = trouble;
                console.Warning(trouble is null ? $"camera {camera.Camera}: frames come again" : $"camera {camera.Camera}: {trouble}");
            }
        }
    }

    private void WarnOfTrouble(MqttForecastSink sink)
    {
        var trouble = sink.JournalTrouble;
        if (trouble != _outboxTrouble)
        {
            _outboxTrouble = trouble;
            console.Warning(trouble is null ? "outbox: events are on disk again" : $"outbox: {trouble}; events are sent from memory, and a restart would lose them");
        }
    }

    private void WarnOfTrouble(Recorder? recorder)
    {
        if (recorder is null || recorder.Trouble == _recorderTrouble)
        {
            return;
        }

        _recorderTrouble = recorder.Trouble;
        console.Warning(_recorderTrouble is null ? "recording: the disk takes it again, in a new file" : $"recording: {_recorderTrouble}; forecasts go on, and what comes is not recorded");
    }

    private Summary Travel(LiveInput input, JourneyParts parts, RigClock clock, InjectedFaults faults, MqttForecastSink sink, RunTelemetry telemetry, Edges edges, CancellationToken cancelled)
    {
        using var beacon = edges.Beacon;
        using var manager = ServiceNotifier.FromEnvironment();
        var manifest = model.Manifest;
        var pool = new FramePool(SlotsPerCamera * input.Rig.Cameras.Count, manifest.InputWidthPx * manifest.InputHeightPx * 3);
        var page = telemetry.Page;
        List<IForecastSink> sinks = [faults.Around(sink)];
        if (page is not null)
        {
            sinks.Add(page.Sink);
        }

        if (edges.Recording is not null)
        {
            sinks.Add(edges.Recording);
        }

        var publisher = new ForecastPublisher([.. sinks, .. input.AlsoTo(clock)], clock, parts.Ledger, telemetry.Observer);
        var sources = faults.Around(input.OpenCameras(clock, manifest));
        sources = page?.Around(sources) ?? sources;
        faults.Begin();
        IReadOnlyList<string> left = []; // cameras whose native call hangs keep their source
        try
        {
            using var pipeline = new ForecastPipeline(parts, sources, pool, publisher, clock);
            var watch = new HealthWatch(pipeline, publisher, clock, parts.Period, edges.Mqtt);
            using var watchdog = new Watchdog(watch, beacon, manager, () => parts.Ledger.SetsDone, TimeProvider.System);
            telemetry.Start(watch);
            var started = Stopwatch.GetTimestamp();
            pipeline.Start();
            watchdog.Start();
            var look = console.IsTerminal ? TerminalLook : PipeLook;
            try
            {
                while (!pipeline.WaitForEnd(look, cancelled) && !cancelled.IsCancellationRequested)
                {
                    Warn(faults.News());
                    WarnOfTrouble(pipeline);
                    WarnOfTrouble(sink);
                    WarnOfTrouble(edges.Recorder);
                    if (!console.Quiet)
                    {
                        console.Progress(telemetry.ProgressLine(Stopwatch.GetElapsedTime(started), input.Duration));
                    }
                }
            }
            finally
            {
                watchdog.Dispose(); // the pipeline's end is no hang
                left = pipeline.Stop(); // also when it broke: no camera may run on into sources that are disposed of below
                _modelHangs = pipeline.JourneyHangs;
                telemetry.Stop();
            }

            foreach (var camera in left)
            {
                console.Warning($"camera {camera}: a native call hangs; its thread was left behind");
            }

            sink.Flush(TimeSpan.FromSeconds(1));
            var summary = telemetry.Summarise(Stopwatch.GetElapsedTime(started), input.Duration) with { Injected = faults.Texts };
            return edges.Recorder is null ? summary : summary with { Recording = RecorderComposition.Say(edges.Recorder, console) };
        }
        finally
        {
            foreach (var source in sources.Where(source => !left.Contains(source.Camera)))
            {
                source.Dispose();
            }
        }
    }

    /// <summary>What the watchdog watches beside the pipeline, where it speaks, and where the run is kept.</summary>
    private sealed record Edges(Pulse Mqtt, MqttStatusBeacon Beacon, Recorder? Recorder, RecordingSink? Recording);
}
