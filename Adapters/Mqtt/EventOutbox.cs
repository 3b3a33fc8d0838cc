using System.Collections.Concurrent;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Edges of alarms and of surprise on their way. Each is kept until it expires, also after its acknowledgement, and sent again after every
/// reconnect with what is left of its expiry: a broker that was killed may have lost what it had acknowledged. The id inside the
/// payload lets subscribers drop the duplicates. With a journal they outlive the process: each is given to it before it is first sent. The sending does not
/// wait for the disk, because an alarm must not be late for it: a kill within one fsync can still lose what no broker had taken.
/// Acknowledgements are not on disk: what an earlier process left may have been heard, so that it is sent again and not counted as dropped when nobody takes it, but apart.
/// </summary>
/// <param name="journal">Null: in memory only. Its owner disposes of it, after the last <see cref="Add"/>.</param>
/// <param name="time">The wall clock of expiries on disk; decisions are by the timestamps given.</param>
internal sealed class EventOutbox(MqttConnection connection, EventJournal? journal, TimeProvider time)
{
    /// <summary>Alarms have hysteresis over ticks: within a minute there are far fewer edges than this.</summary>
    internal const int Capacity = 256;

    /// <summary>Unacknowledged at once: what brokers take by default.</summary>
    internal const int Window = 20;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new(Capacity);
    private readonly ConcurrentQueue<(int MessageId, bool Refused)> _acknowledgements = new();
    private long _expired;
    private long _pushedOut;
    private long _restored;

    /// <summary>Events of this process that expired or were pushed out before any broker acknowledged them.</summary>
    internal long Dropped => Interlocked.Read(ref _expired) + Interlocked.Read(ref _pushedOut);

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

    /// <summary>Takes over what an earlier process left on these topics, to be sent when connected. Before the first <see cref="Add"/>.</summary>
    internal void Restore(ReadOnlySpan<MqttTopic> topics, Timestamp now)
    {
        var wall = time.GetUtcNow();
        foreach (var record in journal?.Unexpired() ?? [])
        {
            foreach (var topic in topics)
            {
                if (topic.Name == record.Topic)
                {
                    var left = record.Expires - wall;
                    var most = topic.Properties.Expiry ?? left; // a wall clock set back must not prolong it beyond that
                    var expires = now + (left < most ? left : most);
                    Enqueue(new Entry(topic, record.Payload.ToArray(), expires - most, expires) { Restored = true });
                }
            }
        }
    }

    internal void Add(MqttTopic topic, ReadOnlySpan<byte> payload, Timestamp now, Timestamp expires)
    {
        var entry = new Entry(topic, payload.ToArray(), now, expires);
        journal?.Append(new JournalRecord(topic.Name, entry.Payload, time.GetUtcNow() + (expires - now)));
        Enqueue(entry);
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
                Forget(ref _expired);
            }

            var underWay = 0;
            foreach (var entry in _entries)
            {
                underWay += entry.MessageId != 0 && !entry.Settled ? 1 : 0;
            }

            foreach (var entry in _entries)
            {
                if (entry.MessageId != 0 || entry.Settled || entry.Expires <= now)
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

    /// <summary>Everything of the report but whether memory is all there is.</summary>
    internal void Fill(OutboxReport report, Timestamp now)
    {
        lock (_gate)
        {
            report.Events = _entries.Count;
            report.OldestAgeS = _entries.TryPeek(out var oldest) ? now.SecondsSince(oldest.Born) : 0;
        }

        report.Dropped[(int)OutboxDrop.Expired] = Interlocked.Read(ref _expired);
        report.Dropped[(int)OutboxDrop.PushedOut] = Interlocked.Read(ref _pushedOut);
        report.Dropped[(int)OutboxDrop.Restored] = Interlocked.Read(ref _restored);
        report.Dropped[(int)OutboxDrop.JournalFull] = journal?.Dropped ?? 0;
        report.Dropped[(int)OutboxDrop.JournalRefused] = journal?.Refused ?? 0;
        report.Bytes = journal?.Bytes ?? 0;
        report.DiskFailures = journal?.Failures ?? 0;
    }

    private void Enqueue(Entry entry)
    {
        lock (_gate)
        {
            if (_entries.Count == Capacity)
            {
                Forget(ref _pushedOut);
            }

            _entries.Enqueue(entry);
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

    private void Forget(ref long count)
    {
        var gone = _entries.Dequeue();
        if (!gone.EverAcknowledged)
        {
            Interlocked.Increment(ref gone.Restored ? ref _restored : ref count);
        }
    }

    private sealed class Entry(MqttTopic topic, byte[] payload, Timestamp born, Timestamp expires)
    {
        public Timestamp Born { get; } = born;

        /// <summary>Of an earlier process.</summary>
        public bool Restored { get; init; }

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
