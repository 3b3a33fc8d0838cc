using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// The vehicle's motion and intended controls as it publishes them on in/ego and in/plan, JSON or protobuf. Make it before the connection is
/// started. The listener is called on the connection's thread.
/// </summary>
public sealed class MqttEgoMotionSource : IEgoMotionSource
{
    /// <summary>Bytes of the largest message that is read at all: hundreds of times what a plan needs.</summary>
    public const int LargestMessage = 8 * 1024;

    /// <summary>Messages a second that are read, twice what is asked for: in/ego 20 to 100, in/plan 5 to 20.</summary>
    internal const int EgoPerSecond = 200;

    internal const int PlansPerSecond = 40;

    private readonly RigClock _clock;
    private readonly MessageRate _egoRate = new(EgoPerSecond);
    private readonly MessageRate _planRate = new(PlansPerSecond);
    private readonly PlanValues _plan = new();
    private volatile IEgoMotionListener? _listener;

    /// <param name="topicBase">Of <see cref="TopicTable"/>, with the slash at its end.</param>
    public MqttEgoMotionSource(MqttConnection connection, string topicBase, RigClock clock)
    {
        _clock = clock;
        connection.Subscribe(topicBase + TopicTable.InEgo.Name, TopicTable.InEgo.Qos, OnEgo);
        connection.Subscribe(topicBase + TopicTable.InPlan.Name, TopicTable.InPlan.Qos, OnPlan);
    }

    public void Start(IEgoMotionListener listener) => _listener = listener;

    /// <summary>From here on nothing is handed over; the connection is its owner's to end.</summary>
    public void Dispose() => _listener = null;

    private void OnEgo(in MqttMessage message)
    {
        var arrival = _clock.Now;
        if (_listener is not { } listener)
        {
            return;
        }

        var values = default(EgoValues);
        var problem = Unfit(in message, _egoRate, arrival)
            ?? (VehicleJson.LooksLikeJson(message.Payload) ? VehicleJson.ReadEgo(message.Payload, ref values) : VehicleProtobuf.ReadEgo(message.Payload, ref values))
            ?? VehicleLimits.Check(in values);
        if (problem is not null)
        {
            listener.OnRejected(problem);
            return;
        }

        listener.OnEgo(new EgoSample(
            new Timestamp(values.CaptureTimeNs!.Value), arrival, (float)values.Speed!.Value, (float)values.YawRate!.Value, (float)values.Acceleration!.Value));
    }

    private void OnPlan(in MqttMessage message)
    {
        var arrival = _clock.Now;
        if (_listener is not { } listener)
        {
            return;
        }

        _plan.Clear();
        var problem = Unfit(in message, _planRate, arrival)
            ?? (VehicleJson.LooksLikeJson(message.Payload) ? VehicleJson.ReadPlan(message.Payload, _plan) : VehicleProtobuf.ReadPlan(message.Payload, _plan))
            ?? VehicleLimits.Check(_plan);
        if (problem is not null)
        {
            listener.OnRejected(problem);
            return;
        }

        listener.OnPlan(new PlanSample(
            new Timestamp(_plan.CaptureTimeNs!.Value), arrival, _plan.Accelerations.ToArray(), _plan.Curvatures.ToArray()));
    }

    private static string? Unfit(in MqttMessage message, MessageRate rate, Timestamp now) =>
        !rate.Take(now) ? "more a second than are read"
        : message.Payload.Length > LargestMessage ? "larger than 8 KiB"
        : message.Payload.IsEmpty ? "empty"
        : message.Retained ? "retained: older than the subscription"
        : null;
}
