using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Benchmarks.Peers;

/// <summary>Whoever publishes forecasts at 20 Hz and events over a broker that goes away: our sink, or a peer. Events are those raised so far.</summary>
public abstract class EventPublisher : IDisposable
{
    private readonly List<string> _events = [];
    private readonly List<long> _connections = [];

    public IReadOnlyList<string> Events => Copy(_events);

    /// <summary>When it was connected, by Stopwatch.</summary>
    public IReadOnlyList<long> Connections => Copy(_connections);

    /// <summary>When the forecast of this payload was published, by Stopwatch; null where that cannot be told.</summary>
    public abstract long? PublishedAt(string payload);

    public abstract void Dispose();

    protected void Raised(string id) => Add(_events, id);

    protected void Connected(long at) => Add(_connections, at);

    private static void Add<T>(List<T> list, T item)
    {
        lock (list)
        {
            list.Add(item);
        }
    }

    private static List<T> Copy<T>(List<T> list)
    {
        lock (list)
        {
            return [.. list];
        }
    }
}

/// <summary>Our sink with its journal on disk, on an empty scene.</summary>
public sealed class SinkPublisher : EventPublisher
{
    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-bench-").FullName;
    private readonly EventJournal _journal;
    private readonly MqttConnection _connection;
    private readonly MqttForecastSink _sink;
    private readonly Thread _thread;
    private readonly List<long> _published = [];
    private readonly int _ticksPerEvent;
    private volatile bool _ended;

    public SinkPublisher(string broker, string topicBase, ModelManifest manifest, Rig rig, TimeSpan period, int ticksPerEvent)
    {
        var clock = new RigClock(TimeProvider.System);
        var identity = new MessageIdentity("bench", Guid.NewGuid(), SourceKind.Replay, "unix", "none", "", "bench");
        _ticksPerEvent = ticksPerEvent;
        _journal = new EventJournal(Path.Combine(_folder, "events.journal"), 1 << 22, TimeProvider.System);
        _connection = new MqttConnection(new MqttConnectionOptions { Broker = broker, ClientId = $"bench-{Guid.NewGuid():N}" });
        _sink = new MqttForecastSink(_connection, topicBase, () => new ForecastEncoder(manifest, rig, identity, MessageEncoding.Json), clock, _journal);
        _connection.Connected += () => Connected(Stopwatch.GetTimestamp());
        _connection.Start();
        _thread = new Thread(() => Publish(new SceneForecast(manifest, rig, manifest.Candidates.Count), period, clock)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Events that wait for their expiry or their acknowledgement.</summary>
    public int Kept => _sink.EventsKept;

    public long Dropped => _sink.EventsDropped;

    public override long? PublishedAt(string payload)
    {
        var tick = JsonDocument.Parse(payload).RootElement.GetProperty("envelope").GetProperty("frame_set").GetProperty("tick").GetString();
        lock (_published)
        {
            return _published[int.Parse(tick!, CultureInfo.InvariantCulture)];
        }
    }

    public override void Dispose()
    {
        _ended = true;
        _thread.Join();
        _sink.Dispose();
        _connection.Dispose();
        _journal.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Publish(SceneForecast forecast, TimeSpan period, RigClock clock)
    {
        var started = Stopwatch.GetTimestamp();
        for (var tick = 0; !_ended; tick++)
        {
            forecast.Tick = tick;
            forecast.CaptureFirst = forecast.CaptureLast = forecast.Reference = clock.Now;
            forecast.Deadline = forecast.ValidUntil = clock.Now + period;
            forecast.Edge = tick % _ticksPerEvent == 0 ? AlarmEdge.Rising : AlarmEdge.None;
            if (forecast.Edge == AlarmEdge.Rising)
            {
                forecast.Alarm = new AlarmEvent(Guid.NewGuid(), clock.Now);
                Raised(forecast.Alarm.Id.ToString());
            }

            lock (_published)
            {
                _published.Add(Stopwatch.GetTimestamp());
            }

            _sink.Publish(forecast);
            var wait = (period * (tick + 1)) - Stopwatch.GetElapsedTime(started);
            Thread.Sleep(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
        }
    }
}

/// <summary>A peer's program that does the same and says its connections and events as lines.</summary>
public sealed class ProgramPublisher : EventPublisher
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;

    public ProgramPublisher(PeerProgram program, int port, string topicBase)
    {
        _process = program.Start(port, topicBase);
        _process.OutputDataReceived += (_, line) => Read(line.Data?.Split(' '));
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public override long? PublishedAt(string payload) =>
        JsonDocument.Parse(payload).RootElement.GetProperty("published_ns").GetInt64() * Stopwatch.Frequency / 1_000_000_000;

    public override void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(EndLimit))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Read(string[]? words)
    {
        switch (words)
        {
            case ["connected", var nanoseconds]:
                Connected(long.Parse(nanoseconds, CultureInfo.InvariantCulture) * Stopwatch.Frequency / 1_000_000_000);
                break;
            case ["event", var id]:
                Raised(id);
                break;
        }
    }
}
