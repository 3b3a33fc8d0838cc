using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Capture;

/// <summary>
/// The vehicle's motion as far as it had arrived. Samples may be added from any thread; questions come from the pipeline's thread with
/// the decision time, and only what had arrived by then counts, live and in replay alike.
/// </summary>
public sealed class EgoMotionTrack : IEgoMotionListener
{
    /// <summary>How far beyond the newest sample motion is carried on unchanged.</summary>
    public static readonly TimeSpan ExtrapolationLimit = TimeSpan.FromMilliseconds(150);

    /// <summary>How long an intended plan is valid.</summary>
    public static readonly TimeSpan PlanValidity = TimeSpan.FromSeconds(0.5);

    private const int Capacity = 1024; // ten seconds at the 100 Hz of the contract

    private readonly EgoSample[] _samples = new EgoSample[Capacity];
    private readonly PlanSample?[] _plans = new PlanSample?[32];
    private readonly Lock _gate = new();
    private long _count;
    private long _planCount;

    /// <summary>Values that a plan must have of each control: one a horizon step of the model.</summary>
    public int PlanSteps { get; init; } = 5;

    /// <summary>Messages refused, by the sources or here because they went back in time.</summary>
    public long Rejected { get; private set; }

    public void OnEgo(in EgoSample sample)
    {
        lock (_gate)
        {
            if (_count > 0 && sample.CaptureTime <= Sample(_count - 1).CaptureTime)
            {
                if (!ClockRestarted(sample))
                {
                    Rejected++;
                    return;
                }

                _count = 0;
            }

            _samples[_count++ % Capacity] = sample;
        }
    }

    public void OnPlan(PlanSample plan)
    {
        lock (_gate)
        {
            if (plan.Accelerations.Count != PlanSteps || plan.Curvatures.Count != PlanSteps)
            {
                Rejected++;
                return;
            }

            _plans[_planCount++ % _plans.Length] = plan;
        }
    }

    public void OnRejected(string reason)
    {
        lock (_gate)
        {
            Rejected++;
        }
    }

    /// <summary>The motion at <paramref name="moment"/> from samples that had arrived by <paramref name="now"/>: interpolated where bracketed, else carried on up to the limit.</summary>
    public EgoState At(Timestamp moment, Timestamp now)
    {
        lock (_gate)
        {
            var newest = NewestArrived(now);
            if (newest < 0)
            {
                return EgoState.Unknown;
            }

            var last = Sample(newest);
            if (moment > last.CaptureTime)
            {
                return moment - last.CaptureTime > ExtrapolationLimit
                    ? EgoState.Unknown with { NewestStamp = last.CaptureTime, Held = now - last.ArrivalTime }
                    : new EgoState(EgoKnowledge.Extrapolated, Math.Max(0, last.Speed + (last.Acceleration * (float)moment.SecondsSince(last.CaptureTime))), last.YawRate, last.Acceleration, last.CaptureTime, now - last.ArrivalTime);
            }

            var after = newest;
            while (after > Oldest && Sample(after - 1).CaptureTime >= moment)
            {
                after--;
            }

            var upper = Sample(after);
            if (after == Oldest && upper.CaptureTime > moment)
            {
                return EgoState.Unknown with { NewestStamp = last.CaptureTime, Held = now - last.ArrivalTime };
            }

            var lower = after == Oldest ? upper : Sample(after - 1);
            var span = upper.CaptureTime.SecondsSince(lower.CaptureTime);
            if (span > 2 * ExtrapolationLimit.TotalSeconds && moment != upper.CaptureTime)
            {
                return EgoState.Unknown with { NewestStamp = last.CaptureTime, Held = now - last.ArrivalTime };
            }

            var share = span <= 0 ? 1f : (float)(moment.SecondsSince(lower.CaptureTime) / span);
            return new EgoState(
                EgoKnowledge.Measured,
                Mix(lower.Speed, upper.Speed, share),
                Mix(lower.YawRate, upper.YawRate, share),
                Mix(lower.Acceleration, upper.Acceleration, share),
                last.CaptureTime,
                now - last.ArrivalTime);
        }
    }

    /// <summary>
    /// The pose at <paramref name="to"/> in the ego frame of <paramref name="from"/>, integrated from speed and yaw rate in steps of 10 ms
    /// at most (midpoint rule). Null where the motion is not known all the way.
    /// </summary>
    public (float X, float Y, float Yaw)? Travelled(Timestamp from, Timestamp to, Timestamp now) =>
        Integrate(from, to, now) is { } way ? ((float)way.X, (float)way.Y, (float)way.Yaw) : null;

    /// <summary>
    /// The controls that took the ego from one moment to a later one: mean acceleration and curvature of the way, as training derives
    /// those of its recordings; a way too short to have a curvature counts as straight. Null where the motion is not known all the way.
    /// </summary>
    public (float Acceleration, float Curvature)? Driven(Timestamp from, Timestamp to, Timestamp now)
    {
        var (first, last) = (At(from, now), At(to, now));
        if (first.Knowledge == EgoKnowledge.Unknown || last.Knowledge == EgoKnowledge.Unknown || Integrate(from, to, now) is not { } way)
        {
            return null;
        }

        return DrivenControls.Of(first.Speed, last.Speed, way.Length, way.Yaw, to.SecondsSince(from));
    }

    private (double X, double Y, double Yaw, double Length)? Integrate(Timestamp from, Timestamp to, Timestamp now)
    {
        var seconds = to.SecondsSince(from);
        var steps = Math.Max(1, (int)Math.Ceiling(seconds / 0.01));
        double x = 0, y = 0, yaw = 0, length = 0;
        for (var i = 0; i < steps; i++)
        {
            var middle = new Timestamp(from.Nanoseconds + (long)((i + 0.5) / steps * seconds * Timestamp.NanosecondsPerSecond));
            var motion = At(middle, now);
            if (motion.Knowledge == EgoKnowledge.Unknown)
            {
                return null;
            }

            var dt = seconds / steps;
            var halfway = yaw + (motion.YawRate * dt / 2);
            x += motion.Speed * Math.Cos(halfway) * dt;
            y += motion.Speed * Math.Sin(halfway) * dt;
            yaw += motion.YawRate * dt;
            length += motion.Speed * dt;
        }

        return (x, y, yaw, length);
    }

    /// <summary>The newest plan that had arrived and is still valid at <paramref name="moment"/>; null when there is none.</summary>
    public PlanSample? PlanAt(Timestamp moment, Timestamp now)
    {
        lock (_gate)
        {
            for (var i = _planCount - 1; i >= 0 && i >= _planCount - _plans.Length; i--)
            {
                if (_plans[i % _plans.Length] is { } plan && plan.ArrivalTime <= now)
                {
                    // By its stamp and by how long it is here: a sender whose clock runs ahead must not stay valid after it fell silent.
                    return moment - plan.CaptureTime <= PlanValidity && now - plan.ArrivalTime <= PlanValidity ? plan : null;
                }
            }

            return null;
        }
    }

    private long Oldest => Math.Max(0, _count - Capacity);

    private static float Mix(float a, float b, float share) => a + ((b - a) * share);

    private EgoSample Sample(long index) => _samples[index % Capacity];

    /// <summary>A sender that started again with another clock: far back in capture time, but later in arrival.</summary>
    private bool ClockRestarted(in EgoSample sample) =>
        Sample(_count - 1).CaptureTime - sample.CaptureTime > TimeSpan.FromSeconds(2) && sample.ArrivalTime > Sample(_count - 1).ArrivalTime;

    private long NewestArrived(Timestamp now)
    {
        var i = _count - 1;
        while (i >= Oldest && Sample(i).ArrivalTime > now)
        {
            i--;
        }

        return i >= Oldest ? i : -1;
    }
}

public enum EgoKnowledge
{
    Unknown,
    Measured,
    Extrapolated,
}

/// <summary>The motion at one moment; m/s, rad/s, m/s2, NaN when unknown.</summary>
/// <param name="NewestStamp">Capture time of the newest sample that had arrived; null when none had.</param>
/// <param name="Held">How long that sample had been here.</param>
public readonly record struct EgoState(EgoKnowledge Knowledge, float Speed, float YawRate, float Acceleration, Timestamp? NewestStamp, TimeSpan Held)
{
    public static EgoState Unknown { get; } = new(EgoKnowledge.Unknown, float.NaN, float.NaN, float.NaN, null, default);
}
