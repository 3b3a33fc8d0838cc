using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Replay.Calibration;

/// <summary>
/// What would have come of a manoeuvre, had the others gone on as they were recorded: the ego is rolled under its controls, and its rectangle
/// held against everybody's box at each labelled tick. This is the collision of the manifest's definition "footprint-overlap-v1"; the
/// others do not react.
/// </summary>
public sealed class RecordedFuture
{
    private const float NearM = 25; // two of the longest road users apart

    private readonly IReadOnlyList<LabelledTick> _ticks;
    private readonly VehicleOutline _vehicle;
    private readonly IReadOnlyList<double> _horizonsS;
    private readonly double _periodS; // the median: a recording may have holes

    public RecordedFuture(IReadOnlyList<LabelledTick> ticks, VehicleOutline vehicle, IReadOnlyList<double> horizonsS)
    {
        _ticks = ticks;
        _vehicle = vehicle;
        _horizonsS = horizonsS;
        double[] periods = [.. Enumerable.Range(0, Math.Max(0, ticks.Count - 1)).Select(i => SecondsTo(i, i + 1)).Order()];
        _periodS = periods.Length == 0 ? 0 : periods[periods.Length / 2];
    }

    /// <summary>
    /// For each horizon whether the manoeuvre had collided by then; null where the recording ends, or has a hole of more than
    /// one and a half ticks, before that can be known.
    /// </summary>
    /// <param name="reference">The moment at which the manoeuvre begins.</param>
    /// <param name="controls">[K, 2] acceleration, curvature.</param>
    /// <returns>[K]; null altogether where no tick was labelled within half of their distance of the reference.</returns>
    public bool?[]? Collides(Timestamp reference, ReadOnlySpan<float> controls, float speed)
    {
        var start = NearestTick(reference);
        if (start < 0)
        {
            return null;
        }

        var last = start;
        while (last + 1 < _ticks.Count && SecondsTo(start, last + 1) <= _horizonsS[^1] + 1e-6 && SecondsTo(last, last + 1) <= _periodS * 1.5)
        {
            last++;
        }

        var collision = last > start ? FirstCollision(start, last, controls, speed) : double.PositiveInfinity;
        var known = SecondsTo(start, last);
        var result = new bool?[_horizonsS.Count];
        for (var k = 0; k < result.Length; k++)
        {
            result[k] = collision <= _horizonsS[k] + 1e-6 ? true : known >= _horizonsS[k] - 1e-6 ? false : null;
        }

        return result;
    }

    /// <summary>Seconds from the tick to the first labelled one at which the rectangles overlap; infinity where none does.</summary>
    private double FirstCollision(int start, int last, ReadOnlySpan<float> controls, float speed)
    {
        var times = new double[last - start];
        var expanded = new float[2 * times.Length];
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = SecondsTo(start, start + 1 + i);
            var step = 0;
            while (step + 1 < _horizonsS.Count && times[i] > _horizonsS[step] + 1e-6)
            {
                step++;
            }

            controls.Slice(2 * step, 2).CopyTo(expanded.AsSpan(2 * i));
        }

        var path = new Pose2[times.Length];
        PathRollout.Roll(expanded, speed, times, path);
        for (var i = 0; i < path.Length; i++)
        {
            var then = _ticks[start + 1 + i];
            if (Overlaps(InFrameOf(then.Ego, _ticks[start].Ego, path[i]), then.Others))
            {
                return times[i];
            }
        }

        return double.PositiveInfinity;
    }

    private bool Overlaps(Pose2 ego, IReadOnlyList<LabelledBox> others)
    {
        var (sin, cos) = MathF.SinCos(ego.Yaw);
        var ahead = (float)((_vehicle.LengthM / 2) - _vehicle.RearOverhangM);
        var own = new LabelledBox(ego.X + (ahead * cos), ego.Y + (ahead * sin), ego.Yaw, (float)_vehicle.LengthM, (float)_vehicle.WidthM);
        foreach (var other in others)
        {
            if (MathF.Abs(other.X - own.X) < NearM && MathF.Abs(other.Y - own.Y) < NearM && Overlap(own, other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Two rectangles are apart exactly where one of their four axes separates them.</summary>
    internal static bool Overlap(LabelledBox one, LabelledBox other)
    {
        var (dx, dy) = (other.X - one.X, other.Y - one.Y);
        var (sin, cos) = MathF.SinCos(one.Yaw);
        var (otherSin, otherCos) = MathF.SinCos(other.Yaw);
        var along = MathF.Abs((cos * otherCos) + (sin * otherSin));
        var across = MathF.Abs((cos * otherSin) - (sin * otherCos));
        var (hl, hw, ol, ow) = (one.Length / 2, one.Width / 2, other.Length / 2, other.Width / 2);
        return MathF.Abs((cos * dx) + (sin * dy)) < hl + (ol * along) + (ow * across)
            && MathF.Abs((cos * dy) - (sin * dx)) < hw + (ol * across) + (ow * along)
            && MathF.Abs((otherCos * dx) + (otherSin * dy)) < ol + (hl * along) + (hw * across)
            && MathF.Abs((otherCos * dy) - (otherSin * dx)) < ow + (hl * across) + (hw * along);
    }

    /// <summary>A pose of the frame of <paramref name="from"/> in the frame of <paramref name="to"/>.</summary>
    private static Pose2 InFrameOf(Pose2 to, Pose2 from, Pose2 pose)
    {
        var (sin, cos) = MathF.SinCos(from.Yaw);
        var x = from.X + (cos * pose.X) - (sin * pose.Y) - to.X;
        var y = from.Y + (sin * pose.X) + (cos * pose.Y) - to.Y;
        (sin, cos) = MathF.SinCos(to.Yaw);
        return new Pose2((cos * x) + (sin * y), (cos * y) - (sin * x), from.Yaw + pose.Yaw - to.Yaw);
    }

    private double SecondsTo(int from, int to) => _ticks[to].Moment.SecondsSince(_ticks[from].Moment);

    private int NearestTick(Timestamp reference)
    {
        if (_ticks.Count == 0)
        {
            return -1;
        }

        var nearest = 0;
        for (var i = 1; i < _ticks.Count; i++)
        {
            if (Math.Abs(_ticks[i].Moment.SecondsSince(reference)) < Math.Abs(_ticks[nearest].Moment.SecondsSince(reference)))
            {
                nearest = i;
            }
        }

        return Math.Abs(_ticks[nearest].Moment.SecondsSince(reference)) <= _periodS / 2 ? nearest : -1;
    }
}
