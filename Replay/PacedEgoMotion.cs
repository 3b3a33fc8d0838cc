using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay;

/// <summary>Plays a drive's log of motion and plans as it arrived, on the live clock, moved by the same offset as the drive's cameras.</summary>
/// <param name="ego">In order of arrival.</param>
/// <param name="plans">In order of arrival.</param>
/// <param name="offsetAtStart">From the drive's clock to the live one; asked once, when it starts.</param>
public sealed class PacedEgoMotion(IReadOnlyList<EgoSample> ego, IReadOnlyList<PlanSample> plans, RigClock clock, Func<TimeSpan> offsetAtStart) : IEgoMotionSource
{
    private readonly ManualResetEventSlim _stopped = new(false);
    private Thread? _thread;

    public void Start(IEgoMotionListener listener)
    {
        var offset = offsetAtStart();
        _thread = new Thread(() => Play(listener, offset)) { IsBackground = true, Name = "ego motion" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopped.Set();
        _thread?.Join();
        _stopped.Dispose();
    }

    private void Play(IEgoMotionListener listener, TimeSpan offset)
    {
        var (nextEgo, nextPlan) = (0, 0);
        while (nextEgo < ego.Count || nextPlan < plans.Count)
        {
            var planComes = nextPlan < plans.Count && (nextEgo == ego.Count || plans[nextPlan].ArrivalTime <= ego[nextEgo].ArrivalTime);
            var due = (planComes ? plans[nextPlan].ArrivalTime : ego[nextEgo].ArrivalTime) + offset;
            if (WaitUntil(due))
            {
                return;
            }

            if (planComes)
            {
                var plan = plans[nextPlan++];
                listener.OnPlan(plan with { CaptureTime = plan.CaptureTime + offset, ArrivalTime = clock.Now });
            }
            else
            {
                var sample = ego[nextEgo++];
                listener.OnEgo(sample with { CaptureTime = sample.CaptureTime + offset, ArrivalTime = clock.Now });
            }
        }
    }

    /// <summary>True when it was stopped meanwhile.</summary>
    private bool WaitUntil(Timestamp due)
    {
        while (due - clock.Now is var wait && wait > TimeSpan.Zero)
        {
            if (_stopped.Wait(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds))))
            {
                return true;
            }
        }

        return _stopped.IsSet;
    }
}
