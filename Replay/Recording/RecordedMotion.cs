using Forecast.Pipeline.Capture;

namespace Forecast.Replay.Recording;

/// <summary>Hands motion and plans on, and to the recorder.</summary>
public sealed class RecordedMotion(IEgoMotionListener inner, Recorder recorder) : IEgoMotionListener
{
    public void OnEgo(in EgoSample sample)
    {
        inner.OnEgo(sample);
        recorder.OnEgo(sample);
    }

    public void OnPlan(PlanSample plan)
    {
        inner.OnPlan(plan);
        recorder.OnPlan(plan);
    }

    public void OnRejected(string reason) => inner.OnRejected(reason);
}
