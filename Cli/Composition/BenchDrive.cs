using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Benchmarks;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Replay;

namespace Forecast.Cli.Composition;

/// <summary>What the benchmarks drive: three 720p cameras at the model's rate, pictures from a sample drive, and motion at 50 Hz.</summary>
internal sealed class BenchDrive
{
    public const int Cameras = 3;
    private const int DifferentPictures = 20;
    private static readonly TimeSpan LeadIn = TimeSpan.FromMilliseconds(300);

    private readonly ModelManifest _manifest;
    private readonly List<List<byte[]>> _pictures = [];

    /// <summary>Encodes the pictures, which takes some seconds.</summary>
    public BenchDrive(ModelManifest manifest)
    {
        _manifest = manifest;
        Rig = MakeRig();
        var host = CommandHost.FromProcess();
        var drive = DriveLibrary.Open(SampleDrives.Resolve("calm", host));
        for (var camera = 0; camera < Cameras; camera++)
        {
            var calibration = drive.Rig.Cameras[camera];
            using var small = drive.OpenCamera(camera, calibration.WidthPx, calibration.HeightPx);
            _pictures.Add(StreetPictures.Encode(small, calibration.WidthPx, calibration.HeightPx, DifferentPictures, seed: camera));
        }
    }

    public Rig Rig { get; }

    /// <summary>By camera, as JPEG.</summary>
    public IReadOnlyList<IReadOnlyList<byte[]>> Pictures => _pictures;

    /// <summary>As live cameras, paced by the wall.</summary>
    public LiveInput Live(Settings settings, int ticks)
    {
        var arrivals = JpegCamera.Arrivals(_manifest.TickPeriod, ticks);
        TimeSpan? offset = null;
        TimeSpan Offset(RigClock clock) => offset ??= clock.Now + LeadIn - default(Timestamp);
        return new LiveInput(
            Rig,
            SourceKind.Replay,
            TopicTable.ReplayBase(settings.Vehicle, "bench"),
            (clock, _) => [.. OpenSources(ticks).Select(source => new PacedFrameSource(source, arrivals, clock, Offset(clock)))],
            (clock, _) => new PacedEgoMotion(EgoLog(ticks), [], clock, () => Offset(clock)),
            Domain: null,
            Duration: null,
            BrokerMustAnswer: true);
    }

    public List<EgoSample> EgoLog(int ticks)
    {
        var step = TimeSpan.FromMilliseconds(20);
        return [.. Enumerable.Range(0, (int)(_manifest.TickPeriod * ticks / step)).Select(i => new EgoSample(default(Timestamp) + (step * i), default(Timestamp) + (step * i), 10, 0.02f, 0.1f))];
    }

    public List<IFrameSource> OpenSources(int ticks) =>
        [.. Enumerable.Range(0, Cameras).Select(IFrameSource (camera) => new JpegCamera(
            Rig.Cameras[camera], _pictures[camera], _manifest.TickPeriod, ticks, _manifest.InputWidthPx, _manifest.InputHeightPx))];

    private static Rig MakeRig()
    {
        (string Name, double Qw, double Qx, double Qy, double Qz)[] looks =
        [
            ("front", 0.5, -0.5, 0.5, -0.5), ("front_left", 0.6830127, -0.6830127, 0.1830127, -0.1830127), ("front_right", 0.1830127, -0.1830127, 0.6830127, -0.6830127),
        ];
        return new Rig(
            "bench", false, "made for the benchmark", new VehicleOutline(4.6, 1.85, 0.95), TimeSpan.FromMilliseconds(40),
            [.. looks.Select(look => new CameraCalibration(
                look.Name, StreetPictures.WidthPx, StreetPictures.HeightPx, 10, new Intrinsics(910, 910, 639.5, 359.5), Distortion.None,
                new RigidTransform(look.Qw, look.Qx, look.Qy, look.Qz, 1.5, 0, 1.5), new StampQuality(StampOrigin.Driver, null, TimeSpan.FromMilliseconds(1))))]);
    }
}
