using System.Globalization;
using System.Text.Json;
using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>
/// A scene in TRI's Dataset Governance Policy format (github.com/TRI-ML/dgp): <c>scene_*.json</c> with a <c>calibration</c> folder beside it.
/// Cameras keep their names; the reference sensor (identity extrinsics) is taken as our origin.
/// </summary>
internal static class DgpScene
{
    private const int DeepestSearch = 6;

    // A datum's file name counts 100 ns; some writers took it for microseconds, and their dates lie centuries ahead.
    private const int FirstImpossibleYear = 2100;
    private const long NanosecondsPerFileUnit = 100;

    /// <returns>Scene files at or below the folder.</returns>
    public static IReadOnlyList<string> Find(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = DeepestSearch, IgnoreInaccessible = true };
        return [.. Directory.EnumerateFiles(folder, "scene_*.json", options)
            .Where(file => Directory.Exists(Path.Combine(Path.GetDirectoryName(file)!, "calibration")))
            .Order(StringComparer.Ordinal)];
    }

    /// <exception cref="UnusableInputException">A file is missing or says something else than expected.</exception>
    public static RecordedDrive Open(string sceneFile)
    {
        try
        {
            return Read(sceneFile);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException)
        {
            throw new UnusableInputException($"{sceneFile}: no DGP scene that can be read: {e.Message.Split('\n')[0].TrimEnd('.')}");
        }
    }

    private static RecordedDrive Read(string sceneFile)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(sceneFile))!;
        using var scene = JsonDocument.Parse(File.ReadAllBytes(sceneFile));
        var calibrations = Directory.GetFiles(Path.Combine(folder, "calibration"), "*.json");
        if (calibrations.Length != 1)
        {
            throw new UnusableInputException($"{folder}/calibration: {calibrations.Length} calibrations, and one is expected");
        }

        using var calibration = JsonDocument.Parse(File.ReadAllBytes(calibrations[0]));
        var sensors = Sensors(calibration.RootElement);
        var data = scene.RootElement.GetProperty("data").EnumerateArray().Select(d => Datum.Read(d)).OrderBy(d => d.Time).ToList();
        var cameras = new List<RecordedCamera>();
        foreach (var sensor in sensors.Where(s => !s.IsReference))
        {
            var pictures = data.Where(d => d.Sensor == sensor.Name && d.IsImage).ToList();
            if (pictures.Count > 0)
            {
                cameras.Add(Camera(folder, sensor, pictures));
            }
        }

        if (cameras.Count == 0)
        {
            throw new UnusableInputException($"{sceneFile}: no camera with pictures in it");
        }

        var reference = sensors.Find(s => s.IsReference);
        return new RecordedDrive
        {
            Name = Path.GetFileName(folder),
            Path = folder,
            Format = DriveFormat.DgpScene,
            Domain = "real",
            Rig = new Rig(
                "dgp",
                CalibrationAssumed: true,
                "intrinsics and extrinsics as calibrated in the scene; its reference sensor's frame (x forward, y left, z up, ground at z = 0 in its lidar) is assumed to lie below the rear axle, and the vehicle's outline is assumed",
                new VehicleOutline(4.9, 1.9, 1.1),
                TimeSpan.FromSeconds(0.05),
                [.. cameras.Select(c => c.Calibration)]),
            Cameras = cameras,
            Ego = reference is null ? [] : Ego([.. data.Where(d => d.Sensor == reference.Name)]),
            Assumptions = Assumptions(data.Exists(d => d.Rescaled), reference is not null),
        };
    }

    private static List<string> Assumptions(bool rescaled, bool hasEgo)
    {
        var assumptions = new List<string>
        {
            $"pictures and motion are taken to arrive {RecordedDrive.StatedDelay.TotalMilliseconds:0} ms after capture",
            hasEgo ? "speed and yaw rate are backward differences of the reference sensor's poses" : "no sensor with identity extrinsics, so no ego motion",
        };
        if (rescaled)
        {
            assumptions.Add("the scene's dates are impossible (they were scaled as microseconds): times come from the file names, in units of 100 ns");
        }

        return assumptions;
    }

    private static List<Sensor> Sensors(JsonElement calibration)
    {
        var names = calibration.GetProperty("names");
        var sensors = new List<Sensor>();
        for (var i = 0; i < names.GetArrayLength(); i++)
        {
            var lens = calibration.GetProperty("intrinsics")[i];
            sensors.Add(new Sensor(
                names[i].GetString()!,
                new Intrinsics(Number(lens, "fx"), Number(lens, "fy"), Number(lens, "cx"), Number(lens, "cy")),
                Pose(calibration.GetProperty("extrinsics")[i])));
        }

        return sensors;
    }

    private static RecordedCamera Camera(string folder, Sensor sensor, List<Datum> pictures)
    {
        var paths = pictures.ConvertAll(p => Path.Combine(folder, p.File));
        foreach (var path in paths)
        {
            if (!File.Exists(path))
            {
                throw new UnusableInputException($"{path}: this picture of {sensor.Name} is missing");
            }
        }

        var rate = pictures.Count > 1 ? (pictures.Count - 1) / pictures[^1].Time.SecondsSince(pictures[0].Time) : 10;
        var calibration = new CameraCalibration(
            sensor.Name, pictures[0].WidthPx, pictures[0].HeightPx, rate, sensor.Intrinsics, Distortion.None, sensor.Pose,
            new StampQuality(StampOrigin.Driver, TimeSpan.Zero, TimeSpan.FromSeconds(0.005)));
        var frames = pictures.ConvertAll(p => new FrameMoment(p.Time, p.Time + RecordedDrive.StatedDelay));
        return new RecordedCamera(calibration, frames, Path.Combine(folder, Path.GetDirectoryName(pictures[0].File)!), () => new PictureFileReader(paths, rate));
    }

    private static List<EgoSample> Ego(List<Datum> poses)
    {
        var samples = new List<EgoSample>();
        for (var i = 1; i < poses.Count; i++)
        {
            var (before, now) = (poses[i - 1], poses[i]);
            var seconds = now.Time.SecondsSince(before.Time);
            if (seconds <= 0)
            {
                continue;
            }

            var moved = new VehicleFromCamera(before.Pose).ToCamera(now.Pose.Tx, now.Pose.Ty, now.Pose.Tz); // in the frame of before: x is forward
            var speed = moved.Right / seconds;
            var acceleration = samples.Count > 0 ? (speed - samples[^1].Speed) / seconds : 0;
            samples.Add(new EgoSample(now.Time, now.Time + RecordedDrive.StatedDelay, (float)speed, (float)(Turn(before.Pose, now.Pose) / seconds), (float)acceleration));
        }

        return samples;
    }

    /// <summary>The yaw (rad, left positive) of the second pose in the frame of the first.</summary>
    private static double Turn(RigidTransform a, RigidTransform b)
    {
        var w = (a.Qw * b.Qw) + (a.Qx * b.Qx) + (a.Qy * b.Qy) + (a.Qz * b.Qz);
        var x = (a.Qw * b.Qx) - (a.Qx * b.Qw) - (a.Qy * b.Qz) + (a.Qz * b.Qy);
        var y = (a.Qw * b.Qy) - (a.Qy * b.Qw) - (a.Qz * b.Qx) + (a.Qx * b.Qz);
        var z = (a.Qw * b.Qz) - (a.Qz * b.Qw) - (a.Qx * b.Qy) + (a.Qy * b.Qx);
        return Math.Atan2(2 * ((w * z) + (x * y)), 1 - (2 * ((y * y) + (z * z))));
    }

    private static double Number(JsonElement element, string key) => element.GetProperty(key).GetDouble();

    private static RigidTransform Pose(JsonElement pose)
    {
        var (q, t) = (pose.GetProperty("rotation"), pose.GetProperty("translation"));
        double w = Number(q, "qw"), x = Number(q, "qx"), y = Number(q, "qy"), z = Number(q, "qz");
        var norm = Math.Sqrt((w * w) + (x * x) + (y * y) + (z * z));
        return norm > 0.5
            ? new RigidTransform(w / norm, x / norm, y / norm, z / norm, Number(t, "x"), Number(t, "y"), Number(t, "z"))
            : throw new FormatException("a rotation is no quaternion");
    }

    private sealed record Sensor(string Name, Intrinsics Intrinsics, RigidTransform Pose)
    {
        public bool IsReference => Math.Abs(Pose.Qw) > 1 - 1e-9 && Pose is { Tx: 0, Ty: 0, Tz: 0 };
    }

    private sealed record Datum(string Sensor, bool IsImage, string File, int WidthPx, int HeightPx, RigidTransform Pose, Timestamp Time, bool Rescaled)
    {
        public static Datum Read(JsonElement element)
        {
            var id = element.GetProperty("id");
            var isImage = element.GetProperty("datum").TryGetProperty("image", out var datum);
            if (!isImage)
            {
                datum = element.GetProperty("datum").GetProperty("point_cloud");
            }

            var file = datum.GetProperty("filename").GetString()!;
            var stated = DateTimeOffset.Parse(id.GetProperty("timestamp").GetString()!, CultureInfo.InvariantCulture);
            var (time, rescaled) = (new Timestamp((stated - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick), false);
            if (stated.Year >= FirstImpossibleYear
                && long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var units))
            {
                (time, rescaled) = (new Timestamp(units * NanosecondsPerFileUnit), true);
            }

            return new Datum(
                id.GetProperty("name").GetString()!,
                isImage,
                file,
                isImage ? datum.GetProperty("width").GetInt32() : 0,
                isImage ? datum.GetProperty("height").GetInt32() : 0,
                DgpScene.Pose(datum.GetProperty("pose")),
                time,
                rescaled);
        }
    }
}
