using System.Text.Json;
using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.EndToEnd;
using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

public sealed class RecordedFutureTests
{
    private static readonly double[] Horizons = [0.5, 1, 2, 3, 4];
    private static readonly VehicleOutline Car = new(4, 2, 1); // from 1 m behind the rear axle to 3 m before it

    [Theory]
    [InlineData(10, 0, 0, new[] { false, false, false, true, true })]    // the front has 22 m to go: 2.2 s
    [InlineData(20, 0, 0, new[] { false, false, true, true, true })]
    [InlineData(10, -3, 0, new[] { false, false, false, false, false })] // stands after 16.7 m
    [InlineData(10, 0, 0.05, new[] { false, false, false, false, false })] // turns away
    public void Collides_StandingCarAhead_ByTheTimeThatTheFrontGetsThere(double speed, double acceleration, double curvature, bool[] expected)
    {
        // The recorded ego stands; the other's rear is 25 m ahead of its rear axle.
        var future = new RecordedFuture(Drive(60, _ => new Pose2(5, -7, 1), _ => [new LabelledBox(27, 0, 0, 4, 2)]), Car, Horizons);

        Assert.Equal(expected.Select(hit => (bool?)hit), future.Collides(At(0), Held(acceleration, curvature), (float)speed));
    }

    [Theory]
    [InlineData(10, new[] { false, false, true, true, true })]
    [InlineData(8, new[] { false, false, false, false, false })] // gets there when the other has gone
    public void Collides_EgoDroveAndTurned_HoldsTheOthersAgainstTheImaginedPath(double speed, bool[] expected)
    {
        // In the world somebody stands at (23, 0) from 1.9 to 2.2 s; the recorded ego meanwhile drives somewhere else.
        static Pose2 Ego(double t) => new((float)(10 * t), (float)(2 * t), (float)(0.1 * t));
        static LabelledBox[] Others(double t)
        {
            var ego = Ego(t);
            var (dx, dy) = (23 - ego.X, (t is > 1.85 and < 2.25 ? 0 : 12) - ego.Y);
            var (sin, cos) = Math.SinCos(ego.Yaw);
            return [new LabelledBox((float)((cos * dx) + (sin * dy)), (float)((cos * dy) - (sin * dx)), -ego.Yaw, 2, 1)];
        }

        var future = new RecordedFuture(Drive(60, Ego, Others), Car, Horizons);

        Assert.Equal(expected.Select(hit => (bool?)hit), future.Collides(At(0), Held(0, 0), (float)speed));
    }

    [Fact]
    public void Collides_RecordingEnds_KnowsWhatItSawAndNoMore()
    {
        var future = new RecordedFuture(Drive(16, _ => default, _ => [new LabelledBox(27, 0, 0, 4, 2)]), Car, Horizons); // 1.5 s
        void Same(bool?[]? expected, Timestamp reference, float speed) => Assert.Equal(expected, future.Collides(reference, Held(0, 0), speed));

        Same([false, false, null, null, null], At(0), 10);
        Same([false, null, null, null, null], At(10), 10);
        Same([false, false, true, true, true], At(0), 20); // a collision seen is one at every later horizon
        Same([null, null, null, null, null], At(15), 10);
        Same(null, At(17), 10);
        Same(null, new Timestamp(-60_000_000), 10);
    }

    [Fact]
    public void Collides_HoleInTheLabels_KnowsNothingBeyondIt()
    {
        // Nobody was labelled from 0.7 to 1.4 s: whoever was there then is not known.
        var ticks = Drive(60, _ => default, _ => [new LabelledBox(27, 0, 0, 4, 2)]);
        ticks.RemoveRange(8, 6);
        var future = new RecordedFuture(ticks, Car, Horizons);

        Assert.Equal([false, null, null, null, null], future.Collides(At(0), Held(0, 0), 10));
        Assert.Equal([false, false, true, true, true], future.Collides(At(14), Held(0, 0), 20));
        Assert.Null(future.Collides(At(11), Held(0, 0), 10));
        ticks.RemoveAt(3); // one tick that is not there is a hole too
        Assert.Equal([null, null, null, null, null], new RecordedFuture(ticks, Car, Horizons).Collides(At(0), Held(0, 0), 10));
    }

    [Fact]
    public void Collides_NoLabelledTickOrOne_IsNotKnown()
    {
        Assert.Null(new RecordedFuture([], Car, Horizons).Collides(At(0), Held(0, 0), 10));
        Assert.Equal([null, null, null, null, null], new RecordedFuture(Drive(1, _ => default, _ => []), Car, Horizons).Collides(At(0), Held(0, 0), 10));
    }

    [Fact]
    public void Overlap_ManyPairs_IsWhatPointsSay()
    {
        // A rectangle overlaps another where some point of a fine grid on it, edges included, lies inside; near misses of the grid are left out.
        var random = new Random(11);
        var (both, apart) = (0, 0);
        for (var i = 0; i < 4000; i++)
        {
            var one = new LabelledBox(0, 0, Angle(), 2 + random.NextSingle(), 1 + random.NextSingle());
            var other = new LabelledBox((random.NextSingle() * 6) - 3, (random.NextSingle() * 6) - 3, Angle(), 1 + (3 * random.NextSingle()), 1);
            var depth = Depth(one, other);
            if (Math.Abs(depth) < 0.06)
            {
                continue;
            }

            (both, apart) = depth > 0 ? (both + 1, apart) : (both, apart + 1);
            Assert.Equal(depth > 0, RecordedFuture.Overlap(one, other));
            Assert.Equal(depth > 0, RecordedFuture.Overlap(other, one));
        }

        Assert.True(both > 800 && apart > 800);

        float Angle() => random.NextSingle() * 6.3f;
    }

    /// <summary>The labels of our samples say, for the manoeuvre that holds the present motion, when it would have collided.</summary>
    [EndToEndFact(Needs.NearMiss)]
    public void Collides_NearMissSample_AgreesWithItsLabels()
    {
        var drive = DriveLibrary.Open(Needs.Folder(Needs.NearMiss));
        var future = new RecordedFuture(DriveLabels.Load(drive.LabelsPath!), drive.Rig.Vehicle, Horizons);
        using var labels = JsonDocument.Parse(File.ReadAllBytes(drive.LabelsPath!));
        var ticks = labels.RootElement.GetProperty("ticks").EnumerateArray().ToList();
        var (right, wrong, hits) = (0, 0, 0);
        for (var i = 0; i + 40 < ticks.Count; i++)
        {
            var moment = new Timestamp(ticks[i].GetProperty("time_ns").GetInt64());
            var ego = drive.Ego.First(sample => sample.CaptureTime >= moment);
            double? seconds = ticks[i].GetProperty("ttc_s").ValueKind == JsonValueKind.Number ? ticks[i].GetProperty("ttc_s").GetDouble() : null;
            var found = future.Collides(moment, Held(ego.Acceleration, ego.YawRate / Math.Max(ego.Speed, 1)), ego.Speed)!;
            for (var k = 0; k < Horizons.Length; k++)
            {
                if (seconds is not { } s || Math.Abs(s - Horizons[k]) > 0.15) // within a tick and the rounding either may be first
                {
                    var expected = seconds <= Horizons[k];
                    (right, wrong) = found[k] == expected ? (right + 1, wrong) : (right, wrong + 1);
                    hits += expected ? 1 : 0;
                }
            }
        }

        Assert.True(hits > 50, $"{hits} collisions are too few to say");
        Assert.True(wrong <= 4, $"{wrong} of {right + wrong} differ");
    }

    private static float[] Held(double acceleration, double curvature) =>
        [.. Enumerable.Range(0, 5).SelectMany(_ => new[] { (float)acceleration, (float)curvature })];

    private static Timestamp At(int tick) => new(tick * 100_000_000L);

    private static List<LabelledTick> Drive(int ticks, Func<double, Pose2> ego, Func<double, LabelledBox[]> others) =>
        [.. Enumerable.Range(0, ticks).Select(i => new LabelledTick(At(i), ego(i / 10.0), others(i / 10.0)))];

    /// <summary>How far the deepest point of a grid on one lies inside the other; below 0 how far the nearest lies outside.</summary>
    private static double Depth(LabelledBox one, LabelledBox other)
    {
        const int Points = 40;
        var deepest = double.NegativeInfinity;
        for (var i = 0; i <= Points; i++)
        {
            for (var j = 0; j <= Points; j++)
            {
                var (along, across) = (((i / (double)Points) - 0.5) * one.Length, ((j / (double)Points) - 0.5) * one.Width);
                var (sin, cos) = Math.SinCos(one.Yaw);
                var (dx, dy) = (one.X + (cos * along) - (sin * across) - other.X, one.Y + (sin * along) + (cos * across) - other.Y);
                (sin, cos) = Math.SinCos(other.Yaw);
                var inside = Math.Min((other.Length / 2) - Math.Abs((cos * dx) + (sin * dy)), (other.Width / 2) - Math.Abs((cos * dy) - (sin * dx)));
                deepest = Math.Max(deepest, inside);
            }
        }

        return deepest;
    }
}
