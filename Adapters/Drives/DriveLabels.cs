using System.Text.Json;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Adapters.Drives;

/// <summary>Somebody on the road: the centre of an upright box on the ground, metres and radians in some frame.</summary>
public readonly record struct LabelledBox(float X, float Y, float Yaw, float Length, float Width);

/// <summary>Who was where at one moment.</summary>
/// <param name="Ego">The rear axle's pose in a frame that stays the same over the drive.</param>
/// <param name="Others">In the ego frame of this moment.</param>
public sealed record LabelledTick(Timestamp Moment, Pose2 Ego, IReadOnlyList<LabelledBox> Others);

/// <summary>The labels of a recorded drive (<c>labels.json</c>): everybody's box and the ego's pose at every tick.</summary>
public static class DriveLabels
{
    private const int LargestBytes = 256 << 20;
    private const double FurthestM = 1e7;

    /// <returns>In the order of time; at least two.</returns>
    /// <exception cref="UnusableInputException">It cannot be read, or is not what it should be: the first fault, with its place.</exception>
    public static IReadOnlyList<LabelledTick> Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length > LargestBytes)
            {
                throw new UnusableInputException($"{path}: larger than {LargestBytes >> 20} MB, so these are no labels");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement, path);
        }
        catch (JsonException e)
        {
            throw new UnusableInputException($"{path}:{e.LineNumber + 1}: this is no JSON; export the labels again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnusableInputException($"{path}: cannot be read ({e.Message.TrimEnd('.')}): check the path and its rights");
        }
    }

    private static List<LabelledTick> Read(JsonElement root, string path)
    {
        var ticks = List(root, "ticks", path);
        var poses = List(root, "ego_poses", path);
        if (ticks.GetArrayLength() != poses.GetArrayLength() || ticks.GetArrayLength() < 2)
        {
            throw new UnusableInputException($"{path}: {ticks.GetArrayLength()} ticks and {poses.GetArrayLength()} ego_poses: they must be as many, and at least two");
        }

        var read = new List<LabelledTick>();
        for (var i = 0; i < ticks.GetArrayLength(); i++)
        {
            var where = $"{path}: ticks[{i}]";
            var moment = ticks[i].ValueKind == JsonValueKind.Object && ticks[i].TryGetProperty("time_ns", out var time) && time.TryGetInt64(out var nanoseconds)
                ? new Timestamp(nanoseconds)
                : throw new UnusableInputException($"{where}.time_ns must be a whole number of nanoseconds");
            var pose = Numbers(poses[i], first: 1, count: 3, $"{path}: ego_poses[{i}]"); // [time_ns, x, y, yaw]
            if (!poses[i][0].TryGetInt64(out var poseTime) || poseTime != moment.Nanoseconds || (read.Count > 0 && moment <= read[^1].Moment))
            {
                throw new UnusableInputException($"{where}: time_ns must be that of ego_poses[{i}], and later than the tick before");
            }

            var boxes = List(ticks[i], "boxes", where);
            var others = new List<LabelledBox>(boxes.GetArrayLength());
            for (var j = 0; j < boxes.GetArrayLength(); j++)
            {
                // [id, class, x, y, yaw, length, width]
                var box = Numbers(boxes[j], first: 2, count: 5, $"{where}.boxes[{j}]");
                others.Add(new LabelledBox((float)box[0], (float)box[1], (float)box[2], (float)box[3], (float)box[4]));
            }

            read.Add(new LabelledTick(moment, new Pose2((float)pose[0], (float)pose[1], (float)pose[2]), others));
        }

        return read;
    }

    private static JsonElement List(JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list
            : throw new UnusableInputException($"{where}: there is no list {name}");

    private static double[] Numbers(JsonElement list, int first, int count, string where)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != first + count)
        {
            throw new UnusableInputException($"{where} must have {first + count} entries");
        }

        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            var entry = list[first + i];
            if (entry.ValueKind != JsonValueKind.Number || !entry.TryGetDouble(out numbers[i]) || !(Math.Abs(numbers[i]) <= FurthestM))
            {
                throw new UnusableInputException($"{where}: entry {first + i} must be a number, in metres or radians");
            }
        }

        return numbers;
    }
}
