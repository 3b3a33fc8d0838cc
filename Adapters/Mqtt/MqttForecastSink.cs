using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Adapters.Mqtt;

/// <summary>The last message of a frame set's forecast is with the socket.</summary>
/// <param name="StopwatchTimestamp">Of Stopwatch.GetTimestamp, which is the system TimeProvider's counter: <see cref="RigClock.FromCounter"/> reads it.</param>
public readonly record struct ForecastDeparture(long Tick, Timestamp CaptureFirst, long StopwatchTimestamp);

/// <summary>
/// Publishes forecasts on a broker. Make it before the connection is started: it brings the last will. <see cref="Publish"/> is the
/// publishing thread's; health and latency may come from another.
/// </summary>
public sealed class MqttForecastSink : IForecastSink
{
    /// <summary>Events that wait at once; another pushes out the oldest.</summary>
    public const int MostEventsKept = EventOutbox.Capacity;

    // more than can be under way, so that a tick's place is not taken before it has left
    private const int TicksRemembered = 16;
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(1);

    private readonly MqttConnection _connection;
    private readonly RigClock _clock;
    private readonly ForecastEncoder _ticks;
    private readonly ForecastEncoder _reports;
    private readonly Lock _reportGate = new();
    private readonly SequencedTopic _status;
    private readonly SequencedTopic _model;
    private readonly SequencedTopic _rig;
    private readonly SequencedTopic _scene;
    private readonly SequencedTopic _risk;
    private readonly SequencedTopic _riskEvent;
    private readonly SequencedTopic _surpriseEvent;
    private readonly SequencedTopic _plan;
    private readonly SequencedTopic _health;
    private readonly SequencedTopic _latency;
    private readonly EventOutbox _outbox;
    private readonly EventJournal? _journal;
    private readonly Timestamp[] _captureFirst = new Timestamp[TicksRemembered];
    private bool _disposed;

    /// <param name="topicBase">Of <see cref="TopicTable"/>, with the slash at its end.</param>
    /// <param name="createEncoder">Called twice: forecasts and reports are encoded on different threads. The sink disposes of both.</param>
    /// <param name="journal">Keeps events beyond the process, and has those of an earlier one; null: in memory only. Disposed by its owner, after the sink.</param>
    public MqttForecastSink(MqttConnection connection, string topicBase, Func<ForecastEncoder> createEncoder, RigClock clock, EventJournal? journal = null)
    {
        _connection = connection;
        _clock = clock;
        _ticks = createEncoder();
        _reports = createEncoder();
        _status = Create(topicBase, TopicTable.Status);
        _model = Create(topicBase, TopicTable.Model);
        _rig = Create(topicBase, TopicTable.Rig);
        _scene = Create(topicBase, TopicTable.Scene);
        _risk = Create(topicBase, TopicTable.Risk);
        _riskEvent = Create(topicBase, TopicTable.RiskEvent);
        _surpriseEvent = Create(topicBase, TopicTable.SurpriseEvent);
        _plan = Create(topicBase, TopicTable.Plan);
        _health = Create(topicBase, TopicTable.Health);
        _latency = Create(topicBase, TopicTable.Latency);
        _journal = journal;
        _outbox = new EventOutbox(connection, journal, clock.Provider);
        _outbox.Restore([_riskEvent.Topic, _surpriseEvent.Topic], clock.Now);
        connection.Will = new MqttWill(_status.Topic, _reports.Status(StatusState.Offline, "last_will", _status.Stamp(clock)).ToArray());
        connection.Departed = OnDeparted;
        connection.Connected += OnConnected;
        connection.Acknowledged += OnAcknowledged;
    }

    public string Name => "mqtt";

    /// <summary>
    /// When the last message of a tick has left. Called under the connection's lock, mostly on the publishing thread within
    /// <see cref="Publish"/>: it must neither block nor publish. Set before the connection starts.
    /// </summary>
    public Action<ForecastDeparture>? Published { get; set; }

    /// <summary>Forecasts that were taken, and whose connection then ended before they had left.</summary>
    public long Lost => _scene.Topic.Lost;

    /// <summary>The events' file was wanted, and could not be opened.</summary>
    public bool JournalFailed { get; init; }

    /// <summary>Why the disk refuses events, in one line; null where it does not.</summary>
    public string? JournalTrouble => _journal?.Trouble;

    /// <summary>Events that no broker acknowledged before they expired.</summary>
    public long EventsDropped => _outbox.Dropped;

    /// <summary>Events that wait for their expiry or their acknowledgement.</summary>
    public int EventsKept => _outbox.Kept;

    public SinkResult Publish(SceneForecast forecast)
    {
        KeepEvents(forecast);
        var room = Room();
        if (room != PublishResult.Taken)
        {
            Refuse(_risk);
            Refuse(_plan);
            Refuse(_scene);
            return room == PublishResult.Busy ? SinkResult.Busy : SinkResult.Away;
        }

        // risk first, because it is the smallest and the most urgent; the scene is the last to leave, so its departure is the tick's
        var risk = _connection.Publish(_risk.Topic, _ticks.Risk(forecast, _risk.Stamp(_clock)));
        var plan = _connection.Publish(_plan.Topic, _ticks.Plan(forecast, _plan.Stamp(_clock)));
        _captureFirst[forecast.Tick % TicksRemembered] = forecast.CaptureFirst;
        var scene = _connection.Publish(_scene.Topic, _ticks.Scene(forecast, _scene.Stamp(_clock)), tag: forecast.Tick);
        return risk == PublishResult.Taken && plan == PublishResult.Taken && scene == PublishResult.Taken ? SinkResult.Taken : SinkResult.Away;
    }

    /// <summary>Once a second.</summary>
    public SinkResult PublishHealth(HealthReport report)
    {
        lock (_reportGate)
        {
            return Report(_health, _reports.Health(report, _health.Stamp(_clock)));
        }
    }

    /// <summary>Once a second.</summary>
    public SinkResult PublishLatency(LatencyReport report)
    {
        lock (_reportGate)
        {
            return Report(_latency, _reports.Latency(report, _latency.Stamp(_clock)));
        }
    }

    public void Fill(OutboxReport report)
    {
        _outbox.Fill(report, _clock.Now);
        report.MemoryOnly = JournalFailed || JournalTrouble is not null;
    }

    /// <summary>The number and time of the next message on the status topic, for who else speaks there in this session's name.</summary>
    public MessageStamp StampStatus() => _status.Stamp(_clock);

    public bool Flush(TimeSpan limit) => _connection.Flush(limit);

    /// <summary>Says offline and lets it leave; the connection is its owner's to end. After the last <see cref="Publish"/> and report.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _connection.Connected -= OnConnected;
        _connection.Acknowledged -= OnAcknowledged;
        lock (_reportGate)
        {
            _connection.Publish(_status.Topic, _reports.Status(StatusState.Offline, "stopped", _status.Stamp(_clock)));
        }

        _connection.Flush(FarewellLimit);
        _ticks.Dispose();
        _reports.Dispose();
    }

    private SequencedTopic Create(string topicBase, TopicRule rule) => new(_connection.CreateTopic(
        topicBase + rule.Name,
        rule.Qos,
        rule.Retain,
        new MqttProperties { ContentType = _ticks.ContentType, SchemaVersion = ForecastEncoder.Schema, Expiry = rule.Expiry }));

    private void KeepEvents(SceneForecast forecast)
    {
        var now = _clock.Now;
        if (forecast.Edge != AlarmEdge.None && forecast.Alarm is not null)
        {
            _outbox.Add(_riskEvent.Topic, _ticks.RiskEvent(forecast, _riskEvent.Stamp(_clock)), now, now + TopicTable.RiskEvent.Expiry!.Value);
        }

        if (forecast.SurpriseEdge != AlarmEdge.None && forecast.SurpriseEvent is not null)
        {
            _outbox.Add(_surpriseEvent.Topic, _ticks.SurpriseEvent(forecast, _surpriseEvent.Stamp(_clock)), now, now + TopicTable.SurpriseEvent.Expiry!.Value);
        }

        _outbox.Pump(now);
    }

    /// <summary>All of a tick's messages or none.</summary>
    private PublishResult Room()
    {
        var risk = _connection.CanPublish(_risk.Topic);
        var plan = risk == PublishResult.Taken ? _connection.CanPublish(_plan.Topic) : risk;
        return plan == PublishResult.Taken ? _connection.CanPublish(_scene.Topic) : plan;
    }

    /// <summary>The number is used up, so that the gap shows in the stream.</summary>
    private static void Refuse(SequencedTopic topic)
    {
        topic.Skip();
        topic.Topic.CountRefused();
    }

    private SinkResult Report(SequencedTopic topic, ReadOnlySpan<byte> payload) => _connection.Publish(topic.Topic, payload) switch
    {
        PublishResult.Taken => SinkResult.Taken,
        PublishResult.Busy => SinkResult.Busy,
        _ => SinkResult.Away,
    };

    private void OnConnected()
    {
        lock (_reportGate)
        {
            Report(_status, _reports.Status(StatusState.Online, "connected", _status.Stamp(_clock)));
            Report(_model, _reports.Model(_model.Stamp(_clock)));
            Report(_rig, _reports.Rig(_rig.Stamp(_clock)));
        }

        _outbox.OnConnected(_clock.Now);
    }

    private void OnAcknowledged() => _outbox.Pump(_clock.Now);

    private void OnDeparted(MqttDeparture departure)
    {
        if (ReferenceEquals(departure.Topic, _scene.Topic))
        {
            Published?.Invoke(new ForecastDeparture(departure.Tag, _captureFirst[departure.Tag % TicksRemembered], departure.StopwatchTimestamp));
        }
        else if (ReferenceEquals(departure.Topic, _riskEvent.Topic) || ReferenceEquals(departure.Topic, _surpriseEvent.Topic))
        {
            _outbox.OnAcknowledged(departure.MessageId, departure.Reason >= MqttConnection.FirstFailure);
        }
    }
}
