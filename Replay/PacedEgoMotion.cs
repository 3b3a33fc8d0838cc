using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay;

/// <summary>Plays a drive's log of motion and plans as it arrived, on the live clock, moved by the same offset as the drive's cameras.</summary>
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
        var plan = 0;
        foreach (var sample in ego)
        {
            while (plan < plans.Count && plans[plan].ArrivalTime <= sample.ArrivalTime)
            {
                var due = plans[plan++];
                listener.OnPlan(due with { CaptureTime = due.CaptureTime + offset, ArrivalTime = due.ArrivalTime + offset });
            }

            var wait = sample.ArrivalTime + offset - clock.Now;
            if (wait > TimeSpan.Zero && _stopped.Wait(wait))
            {
                return;
            }

            listener.OnEgo(sample with { CaptureTime = sample.CaptureTime + offset, ArrivalTime = clock.Now });
        }
    }
}
