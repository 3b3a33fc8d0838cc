using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Adapters.Mqtt;

/// <summary>A topic and the number of its next message. One thread at a time.</summary>
internal sealed class SequencedTopic(MqttTopic topic)
{
    private long _next;

    internal MqttTopic Topic { get; } = topic;

    internal MessageStamp Stamp(RigClock clock) => new(_next++, clock.Now);

    internal void Skip() => _next++;
}
