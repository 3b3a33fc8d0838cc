using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Capture;

/// <summary>A sample of the vehicle's motion at its rear axle: m/s, rad/s (left positive), m/s2.</summary>
public readonly record struct EgoSample(Timestamp CaptureTime, Timestamp ArrivalTime, float Speed, float YawRate, float Acceleration);

/// <summary>The vehicle's intended controls, one pair a horizon step: acceleration in m/s2 and curvature in 1/m (left positive).</summary>
public sealed record PlanSample(Timestamp CaptureTime, Timestamp ArrivalTime, IReadOnlyList<float> Accelerations, IReadOnlyList<float> Curvatures);

/// <summary>
/// Where the vehicle's own motion and intentions come from: MQTT when live, the drive's log when recorded. Implementations call
/// <see cref="IEgoMotionListener"/> from a thread of theirs, in the order of arrival.
/// </summary>
public interface IEgoMotionSource : IDisposable
{
    void Start(IEgoMotionListener listener);
}

/// <summary>Takes samples as they arrive; safe from any thread, never blocks.</summary>
public interface IEgoMotionListener
{
    void OnEgo(in EgoSample sample);

    void OnPlan(PlanSample plan);

    /// <summary>A message that could not be read, or is absurd: counted, with its reason.</summary>
    void OnRejected(string reason);
}
