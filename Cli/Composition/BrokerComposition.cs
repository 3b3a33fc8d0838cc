using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Cli.Composition;

/// <summary>The way out over MQTT: the broker (our own child process where it is embedded), one connection, the sink. Disposed in the order of the journey.</summary>
internal sealed class BrokerComposition : IDisposable
{
    private readonly EmbeddedBroker? _embedded;
    private readonly ConsoleOutput _console;
    private readonly MqttConnectionOptions _options;
    private readonly OutboxSettings? _outbox;
    private EventJournal? _journal;

    private BrokerComposition(Settings settings, MqttConnectionOptions options, EmbeddedBroker? embedded, OutboxSettings? outbox, ConsoleOutput console)
    {
        _outbox = outbox;
        _embedded = embedded;
        _console = console;
        _options = options;
        Connection = new MqttConnection(options);
        Connection.StateChanged += Report;
        Url = options.Broker;
        Encoding = settings.Broker.Encoding;
    }

    public MqttConnection Connection { get; }

    public string Url { get; }

    public string? WebSocketUrl => _embedded?.WebSocketUrl;

    private MessageEncoding Encoding { get; }

    /// <param name="outbox">Where events are kept beyond the process; null: in memory only.</param>
    public static BrokerComposition Open(Settings settings, ConsoleOutput console, OutboxSettings? outbox = null)
    {
        var embedded = settings.Broker.Address.IsEmbedded ? EmbeddedBroker.Start(new EmbeddedBrokerOptions()) : null;
        if (embedded is not null)
        {
            embedded.Restarting += why => console.Warning($"the embedded broker is started again: {why}");
            console.Line(
                $"broker on {embedded.Url} (WebSocket {embedded.WebSocketUrl} for reading, user {EmbeddedBroker.WebSocketUser}, password in {embedded.WebSocketPasswordFile}), for this run only");
        }

        var options = settings.Broker.ToConnectionOptions(ClientId(settings.Vehicle), embedded?.Url);
        return new BrokerComposition(settings, options, embedded, outbox, console);
    }

    /// <summary>By chance, and not the session's, which every message names: a client of an equal id would evict us.</summary>
    public static string ClientId(string vehicle) => $"forecast-{vehicle}-{Guid.NewGuid():N}";

    /// <summary>To be disposed of before this.</summary>
    public MqttForecastSink CreateSink(string topicBase, ModelManifest manifest, Rig rig, MessageIdentity identity, RigClock clock)
    {
        _journal = _outbox is null ? null : OutboxComposition.Open(_outbox, clock.Provider, _console);
        return new(Connection, topicBase, () => new ForecastEncoder(manifest, rig, identity, Encoding), clock, _journal) { JournalFailed = _outbox is not null && _journal is null };
    }

    /// <summary>The watchdog's way out, beside this connection; it starts at once.</summary>
    public MqttStatusBeacon CreateBeacon(MqttForecastSink sink, string topicBase, ForecastEncoder encoder) =>
        new(_options with { ClientId = _options.ClientId + "-watchdog" }, sink, topicBase, encoder);

    /// <summary>False when no broker answered within the limit; the connection goes on trying.</summary>
    public bool StartAndWait(TimeSpan limit, CancellationToken cancelled)
    {
        using var connected = new ManualResetEventSlim(false);
        void OnConnected() => connected.Set();
        Connection.Connected += OnConnected;
        Connection.Start();
        try
        {
            return connected.Wait(limit, cancelled);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Connection.Connected -= OnConnected;
        }
    }

    public void Dispose()
    {
        Connection.StateChanged -= Report;
        Connection.Dispose();
        _journal?.Dispose();
        _embedded?.Dispose();
    }

    private void Report(MqttState state)
    {
        if (state.Connected)
        {
            _console.Line($"broker {Url}: connected");
        }
        else
        {
            _console.Warning($"broker {Url}: {state.Detail}; forecasts go nowhere until it is back, risk events are kept");
        }
    }
}
