using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Adapters.Mqtt;

/// <summary>A topic and the number of its next message.</summary>
internal sealed class SequencedTopic(MqttTopic topic)
{
    private long _next;

    internal MqttTopic Topic { get; } = topic;

    internal MessageStamp Stamp(RigClock clock) => new(Interlocked.Increment(ref _next) - 1, clock.Now);

    internal void Skip() => Interlocked.Increment(ref _next);
}
