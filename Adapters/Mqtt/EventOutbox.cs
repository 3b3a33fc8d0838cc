using System.Collections.Concurrent;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Edges of alarms and of surprise on their way, in memory. Each is kept until it expires, also after its acknowledgement, and sent again after every
/// reconnect with what is left of its expiry: a broker that was killed may have lost what it had acknowledged. The id inside the
/// payload lets subscribers drop the duplicates. It does not outlive the process.
/// </summary>
internal sealed class EventOutbox(MqttConnection connection)
{
    /// <summary>Alarms have hysteresis over ticks: within a minute there are far fewer edges than this.</summary>
    internal const int Capacity = 256;

    /// <summary>Unacknowledged at once: what brokers take by default.</summary>
    internal const int Window = 20;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new(Capacity);
    private readonly ConcurrentQueue<(int MessageId, bool Refused)> _acknowledgements = new();
    private long _dropped;

    /// <summary>Events that expired or were pushed out before any broker acknowledged them.</summary>
    internal long Dropped => Interlocked.Read(ref _dropped);

    internal int Kept
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    internal void Add(MqttTopic topic, ReadOnlySpan<byte> payload, Timestamp now, Timestamp expires)
    {
        lock (_gate)
        {
            if (_entries.Count == Capacity)
            {
                Forget();
            }

            _entries.Enqueue(new Entry(topic, payload.ToArray(), expires));
        }

        Pump(now);
    }

    /// <summary>Under the connection's lock, so no lock of ours may be taken: noted, and settled by the next <see cref="Pump"/>.</summary>
    internal void OnAcknowledged(int messageId, bool refused) => _acknowledgements.Enqueue((messageId, refused));

    /// <summary>A new connection knows nothing of the old one's messages: all that have not expired are sent again.</summary>
    internal void OnConnected(Timestamp now)
    {
        lock (_gate)
        {
            _acknowledgements.Clear();
            foreach (var entry in _entries)
            {
                entry.MessageId = 0;
                entry.Settled = false;
            }
        }

        Pump(now);
    }

    /// <summary>Sends what waits, as far as the window goes.</summary>
    internal void Pump(Timestamp now)
    {
        lock (_gate)
        {
            Settle();
            while (_entries.TryPeek(out var oldest) && oldest.Expires <= now)
            {
                Forget();
            }

            var underWay = 0;
            foreach (var entry in _entries)
            {
                underWay += entry.MessageId != 0 && !entry.Settled ? 1 : 0;
            }

            foreach (var entry in _entries)
            {
                if (entry.MessageId != 0 || entry.Settled)
                {
                    continue;
                }

                if (underWay == Window || connection.Publish(entry.Topic, entry.Payload, entry.Expires - now, out var messageId) != PublishResult.Taken)
                {
                    return;
                }

                entry.MessageId = messageId;
                underWay++;
            }
        }
    }

    private void Settle()
    {
        while (_acknowledgements.TryDequeue(out var answer))
        {
            foreach (var entry in _entries)
            {
                if (entry.MessageId == answer.MessageId && !entry.Settled)
                {
                    entry.Settled = true;
                    entry.EverAcknowledged |= !answer.Refused;
                    break;
                }
            }
        }
    }

    private void Forget()
    {
        if (!_entries.Dequeue().EverAcknowledged)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private sealed class Entry(MqttTopic topic, byte[] payload, Timestamp expires)
    {
        public MqttTopic Topic { get; } = topic;

        public byte[] Payload { get; } = payload;

        public Timestamp Expires { get; } = expires;

        /// <summary>In this connection; 0: not sent in it.</summary>
        public int MessageId { get; set; }

        /// <summary>Answered in this connection.</summary>
        public bool Settled { get; set; }

        public bool EverAcknowledged { get; set; }
    }
}
