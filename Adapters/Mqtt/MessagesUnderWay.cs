namespace Forecast.Adapters.Mqtt;

/// <summary>
/// What the library has taken and not yet reported as gone, a handful at most: bounded, because the library's own queue is not.
/// Under the connection's lock.
/// </summary>
internal sealed class MessagesUnderWay
{
    private const int Capacity = 128;

    private readonly Entry[] _entries = new Entry[Capacity];

    internal int Count { get; private set; }

    internal bool IsFull => Count == Capacity;

    internal void Add(int messageId, MqttTopic topic, long tag)
    {
        _entries[Count++] = new Entry(messageId, topic, tag);
        topic.UnderWay++;
    }

    internal bool TryRemove(int messageId, out MqttTopic? topic, out long tag)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_entries[i].MessageId == messageId)
            {
                (_, topic, tag) = _entries[i];
                topic.UnderWay--;
                _entries[i] = _entries[--Count];
                return true;
            }
        }

        (topic, tag) = (null, 0);
        return false;
    }

    /// <summary>The connection that had them is over.</summary>
    internal void Lose()
    {
        foreach (ref readonly var entry in _entries.AsSpan(0, Count))
        {
            entry.Topic.UnderWay = 0;
            entry.Topic.CountLost();
        }

        Count = 0;
    }

    private readonly record struct Entry(int MessageId, MqttTopic Topic, long Tag);
}
