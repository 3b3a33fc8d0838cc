using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>Reads our own recordings: a folder with <c>drive.json</c> (<c>forecast.drive/1</c>), a rig, a video for each camera and tables of times.</summary>
internal static class DriveFolder
{
    public const string Manifest = "drive.json";
    public const string Schema = "forecast.drive/1";

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private const double LongestS = 24 * 3600;

    /// <param name="rigOverride">A rig to use instead of the folder's own.</param>
    /// <exception cref="UnusableInputException">Something is missing or does not fit: all that was found.</exception>
    public static RecordedDrive Open(string folder, string? rigOverride)
    {
        var (document, root) = StrictDocument.Load(Path.Combine(folder, Manifest));
        root.Choice("schema", Schema, (Schema, Schema));
        var name = root.Text("name");
        var kind = root.Text("kind", fallback: "");
        var ownRig = Path.Combine(folder, root.Text("rig", fallback: "rig.json"));
        var rigPath = rigOverride ?? ownRig;
        root.Number("tick_period_s", 0.01, 1, fallback: 0.1);
        root.Number("duration_s", 0, LongestS, fallback: 0);
        var ownDomain = root.Text("domain", fallback: "real");
        var domain = rigOverride is null ? ownDomain : "real"; // another rig is not what the model was calibrated on
        var videos = Videos(root);
        var frames = root.Text("frames", fallback: "frames.csv");
        var ego = root.IsNull("ego") ? null : root.Text("ego", fallback: "ego.csv");
        var plan = root.IsNull("plan") ? null : root.Text("plan", fallback: "\0");
        var expected = Expectation(root.OptionalSection("expected"));
        var labels = root.IsNull("labels") ? null : root.Text("labels", fallback: "labels.json");
        root.Ignore("source", "licence");
        root.RefuseUnknown();
        document.ThrowIfWrong();

        var rig = RigFile.Load(rigPath);
        ThrowIfOtherCameras(folder, rig, rigPath, videos.Keys);
        var times = ReadFrames(Path.Combine(folder, frames), rig);
        var delayStated = new List<string>();
        return new RecordedDrive
        {
            Name = name,
            Path = folder,
            Format = DriveFormat.DriveFolder,
            Kind = kind,
            Rig = rig,
            Domain = domain,
            Expected = expected,
            LabelsPath = labels is not null && File.Exists(Path.Combine(folder, labels)) ? Path.Combine(folder, labels) : null,
            Cameras = Cameras(folder, rig, videos, times),
            Ego = ego is null || !File.Exists(Path.Combine(folder, ego)) ? [] : ReadEgo(Path.Combine(folder, ego), delayStated),
            Plans = plan is null or "\0" ? [] : ReadPlans(Path.Combine(folder, plan), delayStated),
            Assumptions = delayStated,
        };
    }

    private static Dictionary<string, (string Video, int Frames)> Videos(StrictSection root)
    {
        var videos = new Dictionary<string, (string, int)>();
        foreach (var section in root.Sections("cameras", "a list of cameras, at least one"))
        {
            var name = section.Text("name");
            if (!videos.TryAdd(name, (section.Text("video"), section.Whole("frames", 1, 100_000_000))))
            {
                section.Problem("name", $"a second camera called '{name}'");
            }

            section.RefuseUnknown();
        }

        return videos;
    }

    private static DriveExpectation? Expectation(StrictSection? section)
    {
        if (section is null)
        {
            return null;
        }

        var closest = section.OptionalNumber("closest_moment_s", 0, LongestS);
        var expectation = new DriveExpectation(section.OptionalFlag("risk_event") ?? false, closest is { } s ? TimeSpan.FromSeconds(s) : null);
        return expectation;
    }

    /// <summary>Before the table of frames is read, which would name the same camera in every row.</summary>
    private static void ThrowIfOtherCameras(string folder, Rig rig, string rigPath, IReadOnlyCollection<string> videos)
    {
        var names = rig.Cameras.Select(c => c.Name).ToList();
        var problems = new List<string>();
        foreach (var name in videos.Except(names))
        {
            problems.Add($"{folder}/{Manifest}: camera {name} is not in the rig {rigPath} (it has {string.Join(", ", names)})");
        }

        foreach (var name in names.Except(videos))
        {
            problems.Add($"{folder}/{Manifest}: camera {name} of the rig {rigPath} has no video here");
        }

        if (problems.Count > 0)
        {
            throw new UnusableInputException(problems);
        }
    }

    private static List<RecordedCamera> Cameras(string folder, Rig rig, Dictionary<string, (string Video, int Frames)> videos, Dictionary<string, List<FrameMoment>> times)
    {
        var problems = new List<string>();
        var cameras = new List<RecordedCamera>();
        foreach (var calibration in rig.Cameras)
        {
            var video = videos[calibration.Name];
            try
            {
                cameras.Add(Camera(Path.Combine(folder, video.Video), calibration, video.Frames, times[calibration.Name]));
            }
            catch (UnusableInputException e)
            {
                problems.AddRange(e.Problems);
            }
        }

        return problems.Count == 0 ? cameras : throw new UnusableInputException(problems);
    }

    private static RecordedCamera Camera(string path, CameraCalibration calibration, int stated, List<FrameMoment> times)
    {
        var facts = VideoFile.Inspect(path);
        if (facts.WidthPx != calibration.WidthPx || facts.HeightPx != calibration.HeightPx)
        {
            throw new UnusableInputException(
                $"{path}: {facts.WidthPx}x{facts.HeightPx}, and the rig's camera {calibration.Name} is {calibration.WidthPx}x{calibration.HeightPx}: give the rig that it was recorded with");
        }

        if (times.Count != stated || (facts.Frames > 0 && facts.Frames != stated))
        {
            throw new UnusableInputException(
                $"{path}: {facts.Frames} frames in the video, {times.Count} rows in the table of frames and {stated} in {Manifest}: they must agree");
        }

        return new RecordedCamera(calibration, times, path, () => VideoFile.Open(path));
    }

    private static Dictionary<string, List<FrameMoment>> ReadFrames(string path, Rig rig)
    {
        var table = DriveTable.Load(path, "camera", "frame", "capture_time_ns", "arrival_time_ns");
        var times = rig.Cameras.ToDictionary(c => c.Name, _ => new List<FrameMoment>());
        for (var row = 0; row < table.Count; row++)
        {
            if (!times.TryGetValue(table.Text(row, "camera"), out var frames))
            {
                table.Wrong(row, $"camera {table.Text(row, "camera")} is not in the rig");
                continue;
            }

            if (table.Whole(row, "frame") != frames.Count)
            {
                table.Wrong(row, $"frame {table.Text(row, "frame")} of {table.Text(row, "camera")} where {frames.Count} should come: frames count up from 0");
            }

            var captured = new Timestamp(table.Whole(row, "capture_time_ns"));
            var arrived = new Timestamp(table.Whole(row, "arrival_time_ns"));
            if (arrived < captured)
            {
                table.Wrong(row, "a frame cannot arrive before it was taken");
            }
            else if (arrived - captured > LongestDelay)
            {
                table.Wrong(row, $"a frame that arrives more than {LongestDelay.TotalSeconds:0} s after it was taken is taken for a wrong stamp");
            }

            frames.Add(new FrameMoment(captured, arrived));
        }

        table.ThrowIfWrong();
        return times;
    }

    private static List<EgoSample> ReadEgo(string path, List<string> assumptions)
    {
        var table = DriveTable.Load(path, "capture_time_ns", "speed_mps", "yaw_rate_radps", "acceleration_mps2");
        var samples = new List<EgoSample>(table.Count);
        for (var row = 0; row < table.Count; row++)
        {
            var (captured, arrived) = Times(table, row);
            samples.Add(new EgoSample(
                captured, arrived, (float)table.Number(row, "speed_mps"), (float)table.Number(row, "yaw_rate_radps"), (float)table.Number(row, "acceleration_mps2")));
        }

        table.ThrowIfWrong();
        StateDelay(table, path, assumptions);
        return [.. samples.OrderBy(s => s.ArrivalTime)]; // stable: equal arrivals keep the order of the log
    }

    private static List<PlanSample> ReadPlans(string path, List<string> assumptions)
    {
        var table = DriveTable.Load(path, "capture_time_ns", "a0", "k0");
        var steps = 0;
        for (; table.Has($"a{steps}") && table.Has($"k{steps}"); steps++)
        {
        }

        var plans = new List<PlanSample>(table.Count);
        for (var row = 0; row < table.Count; row++)
        {
            var (captured, arrived) = Times(table, row);
            var (accelerations, curvatures) = (new float[steps], new float[steps]);
            for (var k = 0; k < steps; k++)
            {
                accelerations[k] = (float)table.Number(row, $"a{k}");
                curvatures[k] = (float)table.Number(row, $"k{k}");
            }

            plans.Add(new PlanSample(captured, arrived, accelerations, curvatures));
        }

        table.ThrowIfWrong();
        StateDelay(table, path, assumptions);
        return [.. plans.OrderBy(p => p.ArrivalTime)];
    }

    private static (Timestamp Captured, Timestamp Arrived) Times(DriveTable table, int row)
    {
        var captured = new Timestamp(table.Whole(row, "capture_time_ns"));
        return (captured, table.Has("arrival_time_ns") ? new Timestamp(table.Whole(row, "arrival_time_ns")) : captured + RecordedDrive.StatedDelay);
    }

    private static void StateDelay(DriveTable table, string path, List<string> assumptions)
    {
        if (!table.Has("arrival_time_ns"))
        {
            assumptions.Add($"{Path.GetFileName(path)} has no arrival times: {RecordedDrive.StatedDelay.TotalMilliseconds:0} ms after capture are assumed");
        }
    }
}
