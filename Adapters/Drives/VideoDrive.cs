using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>A bare video as a drive with one camera: frame times from the container's rate, no ego motion, a rig given or assumed.</summary>
internal static class VideoDrive
{
    // A drive's own clock starts at one second, so that zero and less stay free for "none".
    private static readonly Timestamp Start = new(Timestamp.NanosecondsPerSecond);

    // Where nothing is known of a camera: the field of view and height of a usual forward camera behind the windscreen.
    private const double AssumedFieldOfViewDeg = 70;
    private const double AssumedHeightM = 1.4;

    /// <param name="rigPath">The rig to use; null: one of <paramref name="assumedRigs"/> whose only camera has this size, else a general guess.</param>
    /// <exception cref="UnusableInputException">The video cannot be read, or the rig does not fit it.</exception>
    public static RecordedDrive Open(string path, string? rigPath, string? assumedRigs)
    {
        var facts = VideoFile.Inspect(path);
        if (facts.RateHz is not (> 0.1 and < 240) || facts.Frames < 1)
        {
            throw new UnusableInputException($"{path}: the container gives no usable frame rate or number of frames: convert it to MP4");
        }

        var rig = rigPath is not null ? Given(path, rigPath, facts.WidthPx, facts.HeightPx) : Assumed(assumedRigs, facts.WidthPx, facts.HeightPx, facts.RateHz);
        var frames = new FrameMoment[facts.Frames];
        for (var i = 0; i < frames.Length; i++)
        {
            var captured = Start + TimeSpan.FromSeconds(i / facts.RateHz);
            frames[i] = new FrameMoment(captured, captured + RecordedDrive.StatedDelay);
        }

        var camera = rig.Cameras[0] with { RateHz = facts.RateHz };
        return new RecordedDrive
        {
            Name = Path.GetFileNameWithoutExtension(path),
            Path = path,
            Format = DriveFormat.Video,
            Rig = rig with { Cameras = [camera] },
            Domain = "real",
            Cameras = [new RecordedCamera(camera, frames, path, () => VideoFile.Open(path))],
            Assumptions =
            [
                FormattableString.Invariant($"frames are taken to be {1000 / facts.RateHz:0.##} ms apart, as the container says, and to arrive {RecordedDrive.StatedDelay.TotalMilliseconds:0} ms after capture"),
                rig.CalibrationAssumed ? $"rig {rig.Name}: {rig.EstimatedHow}" : $"rig {rig.Name} as given",
            ],
        };
    }

    private static Rig Given(string path, string rigPath, int width, int height)
    {
        var rig = RigFile.Load(rigPath);
        if (rig.Cameras.Count != 1)
        {
            throw new UnusableInputException($"{rigPath}: {rig.Cameras.Count} cameras, and {path} is one video: give a rig with one camera");
        }

        var camera = rig.Cameras[0];
        return camera.WidthPx == width && camera.HeightPx == height
            ? rig
            : throw new UnusableInputException($"{rigPath}: camera {camera.Name} is {camera.WidthPx}x{camera.HeightPx}, and {path} is {width}x{height}: give the rig that belongs to it");
    }

    private static Rig Assumed(string? folder, int width, int height, double rate)
    {
        if (folder is not null && Directory.Exists(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
            {
                var rig = RigFile.Load(file);
                if (rig.Cameras.Count == 1 && rig.CalibrationAssumed && rig.Cameras[0].WidthPx == width && rig.Cameras[0].HeightPx == height)
                {
                    return rig;
                }
            }
        }

        return Guess(width, height, rate);
    }

    private static Rig Guess(int width, int height, double rate)
    {
        var focal = width / 2.0 / Math.Tan(AssumedFieldOfViewDeg / 2 * Math.PI / 180);
        var camera = new CameraCalibration(
            "front",
            width,
            height,
            rate,
            new Intrinsics(focal, focal, (width / 2.0) - 0.5, (height / 2.0) - 0.5),
            Distortion.None,
            new RigidTransform(0.5, -0.5, 0.5, -0.5, 1.6, 0, AssumedHeightM),
            new StampQuality(StampOrigin.Driver, TimeSpan.Zero, TimeSpan.FromSeconds(0.5 / rate)));
        return new Rig(
            "unknown-forward",
            CalibrationAssumed: true,
            FormattableString.Invariant($"a guess for any forward camera: {AssumedFieldOfViewDeg:0} degrees across, level, {AssumedHeightM} m above the ground, 1.6 m ahead of the rear axle"),
            new VehicleOutline(4.6, 1.85, 0.95),
            TimeSpan.FromSeconds(0.05),
            [camera]);
    }
}
