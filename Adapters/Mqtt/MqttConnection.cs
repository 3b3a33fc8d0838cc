using System.Diagnostics;
using System.Runtime.InteropServices;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// One client of a broker that comes back by itself: a thread of its own connects, reads and keeps alive, while a publish writes into
/// the socket on the caller's thread (one hand-over between threads less than with the library's own).
/// Make topics and subscriptions, set the will, then <see cref="Start"/>. All calls are safe from any thread.
/// </summary>
public sealed unsafe partial class MqttConnection : IDisposable
{
    /// <summary>MQTT 5's reasons from here on say that something was refused.</summary>
    internal const int FirstFailure = 128;

    private static readonly TimeSpan RefusedDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);

    private readonly MqttConnectionOptions _options;
    private readonly Lock _gate = new();
    private readonly LibC.WakeUp _wakeUp = new();
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly List<MqttTopic> _topics = [];
    private readonly List<MqttSubscription> _subscriptions = [];
    private readonly MessagesUnderWay _underWay = new();
    private readonly Thread _thread;
    private MqttSession? _session;
    private long _connects;
    private long _handlerFailures;
    private volatile bool _stopping;
    private volatile MqttState _state = new(false, "not started");

    /// <exception cref="ArgumentException">The options are wrong: one line, all of it.</exception>
    /// <exception cref="InvalidOperationException">libmosquitto is not installed.</exception>
    public MqttConnection(MqttConnectionOptions options)
    {
        _options = options.Checked();
        try
        {
            LibMosquitto.Init();
        }
        catch (DllNotFoundException)
        {
            throw new InvalidOperationException("libmosquitto.so.1 is not installed: apt-get install libmosquitto1");
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "mqtt" };
    }

    /// <summary>On the connection's thread, outside its lock; whenever it changes, also from one reason for being away to another.</summary>
    public event Action<MqttState>? StateChanged;

    /// <summary>On the connection's thread, outside its lock, after the subscriptions were sent: the place to publish what is retained.</summary>
    public event Action? Connected;

    /// <summary>On the connection's thread, outside its lock: QoS 1 messages were acknowledged and there is room for others.</summary>
    public event Action? Acknowledged;

    /// <summary>
    /// A message has left. Called under the connection's lock, often within the publish itself, on the publisher's thread: it
    /// must neither block nor publish. QoS 0 only says that it is with the socket.
    /// </summary>
    public Action<MqttDeparture>? Departed { get; set; }

    /// <summary>Told when the connection's thread works and when it waits; set before <see cref="Start"/>.</summary>
    public Pulse? Pulse { get; set; }

    /// <summary>Set before <see cref="Start"/>.</summary>
    public MqttWill? Will { get; set; }

    public MqttState State => _state;

    public bool IsConnected => _state.Connected;

    /// <summary>How often a broker took us in: above 1, it was away in between.</summary>
    public long Connects => Interlocked.Read(ref _connects);

    /// <summary>Exceptions that handlers threw: kept out of the library, counted here. Always 0 in a sound program.</summary>
    public long HandlerFailures => Interlocked.Read(ref _handlerFailures);

    /// <exception cref="ArgumentException">A property cannot be expressed in MQTT.</exception>
    public MqttTopic CreateTopic(string name, int qos, bool retain, MqttProperties properties)
    {
        var topic = new MqttTopic(name, qos, retain, properties);
        lock (_gate)
        {
            _topics.Add(topic);
        }

        return topic;
    }

    /// <summary>Subscribes at every connect. Call before <see cref="Start"/>.</summary>
    public void Subscribe(string filter, int qos, MqttMessageHandler handler) =>
        _subscriptions.Add(new MqttSubscription((nint)Marshal.StringToCoTaskMemUTF8(filter), qos, handler));

    public void Start() => _thread.Start();

    /// <summary>Publishes from the caller's memory; allocates nothing on the managed heap.</summary>
    /// <param name="tag">For <see cref="Departed"/>.</param>
    public PublishResult Publish(MqttTopic topic, ReadOnlySpan<byte> payload, long tag = 0) => Publish(topic, payload, tag, 0, out _);

    /// <summary>Publishes with another expiry than the topic's own; the message id is what <see cref="Departed"/> reports.</summary>
    public PublishResult Publish(MqttTopic topic, ReadOnlySpan<byte> payload, TimeSpan expiry, out int messageId)
    {
        var properties = (topic.Properties with { Expiry = expiry }).ToNative();
        try
        {
            return Publish(topic, payload, 0, properties, out messageId);
        }
        finally
        {
            LibMosquitto.FreeProperties(&properties);
        }
    }

    /// <summary>Publishes on a topic that is not kept: for answers, whose topics and properties are their askers'.</summary>
    /// <exception cref="ArgumentException">A property cannot be expressed in MQTT.</exception>
    public PublishResult PublishOnce(string name, int qos, MqttProperties properties, ReadOnlySpan<byte> payload)
    {
        var topic = new MqttTopic(name, qos, retain: false, properties);
        try
        {
            return Publish(topic, payload);
        }
        finally
        {
            topic.Free(); // the library has copied name and properties
        }
    }

    /// <summary>Whether a publish would be taken; it can be otherwise a moment later.</summary>
    public PublishResult CanPublish(MqttTopic topic)
    {
        lock (_gate)
        {
            return Room(topic);
        }
    }

    /// <summary>Waits until all that was taken has left. True when it has.</summary>
    public bool Flush(TimeSpan limit) => _idle.Wait(limit);

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        lock (_gate)
        {
            // In this order: told to stop first, the thread could end the session without a farewell, and the broker would publish the will.
            _session?.Disconnect();
            _stopping = true;
        }

        WakeUp();
        var ended = !_thread.IsAlive || _thread.Join(EndLimit);
        if (!ended)
        {
            return; // it resolves a name or runs a handler that hangs: what it still uses stays
        }

        foreach (var topic in _topics)
        {
            topic.Free();
        }

        foreach (var subscription in _subscriptions)
        {
            Marshal.FreeCoTaskMem(subscription.Filter);
        }

        _wakeUp.Dispose();
    }

    internal void WakeUp() => _wakeUp.Signal();

    internal void OnDeparted(MqttTopic topic, int messageId, long tag, int reason)
    {
        if (_underWay.Count == 0)
        {
            _idle.Set();
        }

        if (reason < FirstFailure)
        {
            topic.CountSent();
        }
        else
        {
            topic.CountRefused();
        }

        try
        {
            Departed?.Invoke(new MqttDeparture(topic, messageId, tag, Stopwatch.GetTimestamp(), reason));
        }
        catch
        {
            Interlocked.Increment(ref _handlerFailures);
        }
    }

    internal void OnMessage(MosquittoMessage* native, nint properties)
    {
        try
        {
            var message = new MqttMessage(native, properties);
            foreach (ref readonly var subscription in CollectionsMarshal.AsSpan(_subscriptions))
            {
                byte matches = 0;
                LibMosquitto.TopicMatches((byte*)subscription.Filter, native->Topic, &matches);
                if (matches != 0)
                {
                    subscription.Handler(in message);
                }
            }
        }
        catch
        {
            Interlocked.Increment(ref _handlerFailures);
        }
    }

    private PublishResult Publish(MqttTopic topic, ReadOnlySpan<byte> payload, long tag, nint properties, out int messageId)
    {
        messageId = 0;
        lock (_gate)
        {
            var room = Room(topic);
            if (room != PublishResult.Taken)
            {
                topic.CountRefused();
                return room;
            }

            var code = _session!.Publish(topic, payload, tag, properties, out messageId);
            if (code is MosquittoCode.PayloadSize or MosquittoCode.OversizePacket)
            {
                topic.CountRefused();
                return PublishResult.TooLarge;
            }

            if (code != MosquittoCode.Success)
            {
                topic.CountRefused();
                WakeUp();
                return PublishResult.Away; // the socket broke under this write: the thread finds out and says so
            }

            if (_underWay.Count > 0)
            {
                _idle.Reset();
            }

            if (_session.WantsWrite)
            {
                WakeUp();
            }

            return PublishResult.Taken;
        }
    }

    private PublishResult Room(MqttTopic topic) =>
        _session is null ? PublishResult.Away
        : _underWay.IsFull || (topic.Qos == 0 && topic.UnderWay >= MqttTopic.MostUnderWay) ? PublishResult.Busy
        : PublishResult.Taken;

    private readonly record struct MqttSubscription(nint Filter, int Qos, MqttMessageHandler Handler);
}
