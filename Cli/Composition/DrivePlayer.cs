using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Cli.Configuration;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Replay;

namespace Forecast.Cli.Composition;

/// <summary>A recorded drive as the input of a live session: its cameras and its log, paced by the wall and moved to the live clock by one offset.</summary>
internal sealed class DrivePlayer(RecordedDrive drive)
{
    /// <summary>From composing the sources to the first frame: threads start meanwhile.</summary>
    private static readonly TimeSpan LeadIn = TimeSpan.FromMilliseconds(300);

    private TimeSpan? _offset;

    public LiveInput Input(Settings settings, SourceKind kind, string run) => new(
        drive.Rig,
        kind,
        TopicTable.ReplayBase(settings.Vehicle, run),
        OpenCameras,
        (clock, _) => drive.Ego.Count + drive.Plans.Count == 0 ? null : new PacedEgoMotion(drive.Ego, drive.Plans, clock, () => Offset(clock)),
        drive.Domain,
        drive.Duration,
        BrokerMustAnswer: true) { MemoryDrive = drive.Name };

    private TimeSpan Offset(RigClock clock) => _offset ??= clock.Now + LeadIn - drive.Start;

    private List<IFrameSource> OpenCameras(RigClock clock, ModelManifest manifest)
    {
        var sources = new List<IFrameSource>();
        for (var camera = 0; camera < drive.Cameras.Count; camera++)
        {
            var arrivals = drive.Cameras[camera].Frames.Select(frame => frame.ArrivalTime).ToList();
            sources.Add(new PacedFrameSource(drive.OpenCamera(camera, manifest.InputWidthPx, manifest.InputHeightPx), arrivals, clock, Offset(clock)));
        }

        return sources;
    }
}
