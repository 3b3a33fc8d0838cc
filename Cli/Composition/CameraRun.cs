using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OpenCv;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast run`: the configured cameras, until it is told to end.</summary>
internal static class CameraRun
{
    public static Task<int> RunAsync(Settings settings, RunOptions options, ConsoleOutput console, CancellationToken cancelled)
    {
        var rig = RigFile.Load(settings.RigFile!, settings.SignedBy);
        var sources = InRigOrder(settings, rig);
        using var model = ModelComposition.Load(settings, exact: false, console);
        var input = new LiveInput(
            rig,
            settings.Recorded ? SourceKind.Replay : SourceKind.Live,
            settings.Recorded ? TopicTable.ReplayBase(settings.Vehicle, RunName.Create()) : TopicTable.LiveBase(settings.Vehicle),
            (clock, manifest) => OpenCameras(rig, sources, clock, manifest),
            (clock, broker) => settings.Ego.FromMqtt ? new MqttEgoMotionSource(broker.Connection, VehicleBase(settings), clock) : null,
            Domain: null,
            Duration: null,
            BrokerMustAnswer: false)
        {
            Faults = options.Faults,
            Record = options.Record,
            Outbox = settings.Recorded ? null : settings.Outbox,
        };
        using var memory = MemoryComposition.Open(settings, model.Manifest, console);
        using var dashboard = DashboardComposition.Open(settings, console);
        var summary = new LiveSession(settings, model, console, memory, dashboard).Run(input, cancelled);
        SummaryReport.Finish(summary, settings, console);
        return Task.FromResult(ExitCode.Fine);
    }

    /// <summary>The vehicle writes its motion below the live base, whatever the pictures' source.</summary>
    private static string VehicleBase(Settings settings) => TopicTable.LiveBase(settings.Vehicle);

    /// <exception cref="UsageException">A camera of the configuration is not in the rig, or the other way round.</exception>
    internal static CameraSource[] InRigOrder(Settings settings, Rig rig)
    {
        var names = rig.Cameras.Select(camera => camera.Name).ToList();
        foreach (var camera in settings.Cameras)
        {
            if (!names.Contains(camera.Name))
            {
                var meant = Suggestion.For(camera.Name, names);
                throw new UsageException($"camera {camera.Name} is not in the rig {settings.RigFile}, which has {string.Join(", ", names)}{(meant is null ? "" : $"; did you mean {meant}?")}");
            }
        }

        return [.. names.Select(name => settings.Cameras.FirstOrDefault(camera => camera.Name == name)?.Source
            ?? throw new UsageException($"the rig {settings.RigFile} has a camera {name}, for which the configuration names no source: add it under cameras, or take it out of the rig"))];
    }

    internal static List<IFrameSource> OpenCameras(Rig rig, CameraSource[] sources, RigClock clock, ModelManifest manifest)
    {
        var opened = new List<IFrameSource>();
        for (var camera = 0; camera < sources.Length; camera++)
        {
            opened.Add(new OpenCvFrameSource(rig.Cameras[camera], sources[camera], manifest.InputWidthPx, manifest.InputHeightPx, clock));
        }

        return opened;
    }
}
