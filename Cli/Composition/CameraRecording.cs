using System.Diagnostics;
using System.Threading.Channels;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast record`: steps 1 and 2 of the journey into a recording.</summary>
internal static class CameraRecording
{
    private const int SlotsPerCamera = 8;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);

    public static Task<int> RunAsync(Settings settings, RecordOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        var rig = RigFile.Load(settings.RigFile!, settings.SignedBy);
        var addresses = CameraRun.InRigOrder(settings, rig);
        using var model = ModelComposition.Load(settings, exact: false, console); // its picture's size is what is recorded
        var clock = new RigClock(TimeProvider.System);
        var kind = settings.Recorded ? SourceKind.Replay : SourceKind.Live;
        var identity = new MessageIdentity(settings.Vehicle, Guid.NewGuid(), kind, "unix", model.Provider, settings.Sha256, VersionCommand.Text);
        var input = new LiveInput(rig, kind, "", (_, _) => [], (_, _) => null, Domain: null, Duration: options.Duration, BrokerMustAnswer: false) { MemoryDrive = rig.Name };
        using var recorder = RecorderComposition.Open(options.Record, input, settings, model, identity, parts: null, clock, memory: false);
        using var broker = settings.Ego.FromMqtt ? BrokerComposition.Open(settings, console) : null;
        using var motion = broker is null ? null : new MqttEgoMotionSource(broker.Connection, TopicTable.LiveBase(settings.Vehicle), clock);
        broker?.StartAndWait(StopLimit, cancelled);
        motion?.Start(new RecordedMotion(new EgoMotionTrack { PlanSteps = model.Manifest.HorizonsS.Count }, recorder));
        var ledger = new Ledger(rig.Cameras.Count);
        var sources = CameraRun.OpenCameras(rig, addresses, clock, model.Manifest);
        console.Line($"recording {rig.Cameras.Count} cameras in {recorder.Folder}");
        Drain(sources, recorder, ledger, new FramePool(SlotsPerCamera * sources.Count, recorder.PictureBytes), options.Duration, console, cancelled);
        var copy = ledger.Copy();
        for (var i = 0; i < rig.Cameras.Count; i++)
        {
            console.Line($"camera {rig.Cameras[i].Name}: {copy.Cameras[i].Captured} captured, {copy.Cameras[i].Used} recorded");
        }

        var summary = RecorderComposition.Say(recorder, console);
        return Task.FromResult(summary.Dropped == 0 && copy.Cameras.All(camera => camera.Used > 0) ? ExitCode.Fine : ExitCode.Failed);
    }

    private static void Drain(List<IFrameSource> sources, Recorder recorder, Ledger ledger, FramePool pool, TimeSpan? duration, ConsoleOutput console, CancellationToken cancelled)
    {
        var arrivals = Channel.CreateBounded<CameraEvent>(new BoundedChannelOptions(pool.Capacity + (sources.Count * 4)) { SingleReader = true });
        using var arrived = new AutoResetEvent(false);
        var cameras = sources.Select((source, camera) => new CameraThread(camera, source, pool, arrivals.Writer, arrived, ledger)).ToList();
        cameras.ForEach(camera => camera.Start());
        var running = cameras.Count;
        var started = Stopwatch.GetTimestamp();
        while (running > 0 && !cancelled.IsCancellationRequested && !(Stopwatch.GetElapsedTime(started) >= duration))
        {
            arrived.WaitOne(Look);
            while (arrivals.Reader.TryRead(out var happened))
            {
                running -= happened.Kind == CameraEventKind.Ended ? 1 : 0;
                Take(happened, recorder, ledger);
            }

            console.Progress(FormattableString.Invariant($"{Stopwatch.GetElapsedTime(started).TotalSeconds:0} s, {recorder.Bytes / 1e6:0.0} MB"));
        }

        var hanging = cameras.Where(camera => !camera.Stop(StopLimit)).Select(camera => camera.Camera).ToList();
        while (arrivals.Reader.TryRead(out var late))
        {
            Take(late, recorder, ledger);
        }

        foreach (var source in sources.Where(source => !hanging.Contains(source.Camera)))
        {
            source.Dispose();
        }
    }

    private static void Take(in CameraEvent happened, Recorder recorder, Ledger ledger)
    {
        if (happened.Kind == CameraEventKind.Frame)
        {
            recorder.Arrived(happened.Frame);
            ledger.FrameUsed(happened.Camera);
            happened.Frame.Lease.Release();
        }
        else
        {
            recorder.CameraLost(happened.Camera);
        }
    }
}
