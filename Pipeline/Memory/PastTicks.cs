using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Memory;

/// <summary>What surprise needs to know of a tick, beside its world state.</summary>
/// <param name="Known">When its motion was decided: only what had arrived by then counts.</param>
/// <param name="Estimated">True where speed (m/s), yaw rate (rad/s) and acceleration (m/s2) are the model's own.</param>
/// <param name="WarmingUp">Its world state is not full: neither forecast from nor compared.</param>
internal readonly record struct PastTick(
    Timestamp Reference, Timestamp Known, float Speed, float YawRate, float Acceleration, bool Estimated, bool WarmingUp);

/// <summary>
/// The ticks of the last second in a ring, each with a slot for its world state, and the way that the vehicle drove from one of them to now.
/// </summary>
internal sealed class PastTicks
{
    private readonly IReadOnlyList<double> _horizonsS;
    private readonly EgoMotionTrack _motion;
    private readonly double _half;
    private readonly PastTick[] _ticks;
    private readonly bool[][] _known;
    private long _count; // ticks that have ended; the one under way has this number

    /// <param name="looks">How many of the horizons are looked back to.</param>
    public PastTicks(ModelManifest manifest, EgoMotionTrack motion, int looks, int cells)
    {
        _horizonsS = manifest.HorizonsS;
        _motion = motion;
        _half = manifest.TickPeriod.TotalSeconds / 2;
        var slots = (int)Math.Ceiling(manifest.HorizonsS[looks - 1] / manifest.TickPeriod.TotalSeconds) + 1;
        _ticks = new PastTick[slots];
        _known = new bool[slots][];
        for (var i = 0; i < slots; i++)
        {
            _known[i] = new bool[cells];
        }
    }

    public int Slots => _ticks.Length;

    /// <summary>Of the tick under way.</summary>
    public int Slot => (int)(_count % Slots);

    private long Oldest => Math.Max(0, _count - Slots + 1);

    /// <summary>Takes the slot of the oldest tick; a clock that went back, or a state begun anew, forgets all before. Returns the cells known then (<see cref="SightMap"/>), to be filled.</summary>
    public Span<bool> Begin(in PastTick tick)
    {
        if (_count > 0)
        {
            ref readonly var last = ref _ticks[(_count - 1) % Slots];
            if (tick.Reference <= last.Reference || (tick.WarmingUp && !last.WarmingUp))
            {
                _count = 0;
            }
        }

        _ticks[Slot] = tick;
        return _known[Slot];
    }

    public void End() => _count++;

    /// <summary>Speed, yaw rate and acceleration as they were at a slot's tick.</summary>
    public void Ego(int slot, Span<float> ego) => (ego[0], ego[1], ego[2]) = (_ticks[slot].Speed, _ticks[slot].YawRate, _ticks[slot].Acceleration);

    public ReadOnlySpan<bool> KnownOf(int slot) => _known[slot];

    /// <summary>The slot of the tick that lies this far back, to within half a tick; null where there is none, or its state is not to be used.</summary>
    public int? Find(double secondsBack)
    {
        ref readonly var now = ref _ticks[Slot];
        for (var number = _count - 1; number >= Oldest; number--)
        {
            ref readonly var tick = ref _ticks[number % Slots];
            if (Math.Abs(now.Reference.SecondsSince(tick.Reference) - secondsBack) < _half)
            {
                return tick.WarmingUp ? null : (int)(number % Slots);
            }
        }

        return null;
    }

    /// <summary>
    /// Writes the controls [K, 2] really driven from a slot's tick to now, a pair for each horizon step up to <paramref name="last"/>; the
    /// steps after it, which lie in the future, hold the last pair. False where any of it rests on the model's estimate.
    /// </summary>
    public bool Controls(int slot, int last, Span<float> controls)
    {
        ref readonly var then = ref _ticks[slot];
        ref readonly var now = ref _ticks[Slot];
        var known = !then.Estimated && !now.Estimated;
        var from = then.Reference;
        for (var k = 0; k <= last; k++)
        {
            var to = k == last ? now.Reference : then.Reference + TimeSpan.FromSeconds(_horizonsS[k]);
            var driven = known ? _motion.Driven(from, to, now.Known) : null;
            known &= driven is not null;
            (controls[2 * k], controls[(2 * k) + 1]) = driven ?? Estimate(from, to);
            from = to;
        }

        for (var i = 2 * (last + 1); i < controls.Length; i++)
        {
            controls[i] = controls[i - 2];
        }

        return known;
    }

    /// <summary>From the speeds and yaw rates that the forecasts of the ticks between went by: straight lines from tick to tick.</summary>
    private (float Acceleration, float Curvature) Estimate(Timestamp from, Timestamp to)
    {
        var first = At(from);
        double length = 0, yaw = 0, speed = first.Speed, rate = first.YawRate;
        var moment = from;
        for (var number = Oldest; number <= _count; number++)
        {
            ref readonly var tick = ref _ticks[number % Slots];
            if (tick.Reference > from && tick.Reference < to)
            {
                Advance(tick.Reference, tick.Speed, tick.YawRate);
            }
        }

        var end = At(to);
        Advance(to, end.Speed, end.YawRate);
        return DrivenControls.Of(first.Speed, end.Speed, length, yaw, to.SecondsSince(from));

        void Advance(Timestamp next, float nextSpeed, float nextRate)
        {
            var seconds = next.SecondsSince(moment);
            length += (speed + nextSpeed) / 2 * seconds;
            yaw += (rate + nextRate) / 2 * seconds;
            (moment, speed, rate) = (next, nextSpeed, nextRate);
        }
    }

    /// <summary>The tick nearest to a moment.</summary>
    private PastTick At(Timestamp moment)
    {
        var nearest = _ticks[Slot];
        for (var number = _count - 1; number >= Oldest; number--)
        {
            ref readonly var tick = ref _ticks[number % Slots];
            if (Math.Abs(tick.Reference.SecondsSince(moment)) < Math.Abs(nearest.Reference.SecondsSince(moment)))
            {
                nearest = tick;
            }
        }

        return nearest;
    }
}
