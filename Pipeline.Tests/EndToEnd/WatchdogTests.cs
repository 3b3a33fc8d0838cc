using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Systemd;
using Forecast.Cli.Composition;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Mqtt;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>A thread of the pipeline is made to hang through one of its ports; an independent subscriber must hear of it from the watchdog.</summary>
[Collection(BrokerTests.Name)]
public sealed class WatchdogTests(BrokerFixture brokers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("journey_hung")]
    [InlineData("publish_hung")]
    [InlineData("mqtt_hung")]
    public void Run_AThreadHangs_StatusSaysStaleWithinHalfASecondThenRecovered(string edge)
    {
        using var rig = new HangingRig(brokers);
        using var subscriber = new MosquittoSub(new Uri(brokers.Broker.Url).Port, rig.TopicBase + "status");
        rig.Start();
        rig.WaitForForecasts(5);

        rig.Hang(edge);
        var began = Stopwatch.GetTimestamp();
        subscriber.WaitFor(rig.TopicBase + "status", message => State(message) == "STATUS_STATE_STALE"); // no_forecast may come before who is to blame is known
        var heard = Stopwatch.GetElapsedTime(began);
        subscriber.WaitFor(rig.TopicBase + "status", message => State(message) == "STATUS_STATE_STALE" && message.Payload.Contains(edge, StringComparison.Ordinal));
        rig.Release();

        Assert.True(heard < TimeSpan.FromSeconds(0.5), string.Create(CultureInfo.InvariantCulture, $"stale was heard after {heard.TotalMilliseconds:0} ms"));
        subscriber.WaitFor(rig.TopicBase + "status", message => State(message) == "STATUS_STATE_ONLINE" && message.Payload.Contains("recovered", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_JourneyHangs_SystemdHearsNoMoreOfProgress()
    {
        using var rig = new HangingRig(brokers);
        rig.Start();
        Eventually.True(() => rig.Notified.Count(text => text == "WATCHDOG=1") > 3, "no progress was told");
        Assert.Equal("READY=1", rig.Notified[0]);

        rig.Hang("journey_hung");
        Thread.Sleep(300);
        var before = rig.Notified.Length;
        Thread.Sleep(500);
        Assert.Equal(before, rig.Notified.Length);

        rig.Release();
        Eventually.True(() => rig.Notified.Length > before, "no progress was told after it went on");
        rig.Dispose();
        Eventually.True(() => rig.Notified[^1] == "STOPPING=1", "the end was not told");
    }

    private static string? State(Received message) => JsonDocument.Parse(message.Payload).RootElement.GetProperty("state").GetString();

    /// <summary>Two cameras, a fake world and the real way out; a gate in the world's run, one in the sink, one in the connection's handler.</summary>
    private sealed class HangingRig : IDisposable, IForecastSink, IJourneyObserver
    {
        private readonly ManualResetEventSlim _world = new(true);
        private readonly ManualResetEventSlim _sinkGate = new(true);
        private readonly ManualResetEventSlim _handler = new(true);
        private readonly MqttConnection _connection;
        private readonly MqttTopic _poke;
        private readonly MqttForecastSink _sink;
        private readonly MqttStatusBeacon _beacon;
        private readonly ServiceNotifier _manager;
        private readonly ForecastPipeline _pipeline;
        private readonly Watchdog _watchdog;
        private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        private readonly List<string> _notified = [];
        private int _published;
        private bool _disposed;

        public HangingRig(BrokerFixture brokers)
        {
            TopicBase = brokers.NewBase();
            var manifest = TestManifest.Create();
            var rig = TestRig.Of(2);
            var clock = new RigClock(TimeProvider.System);
            ForecastEncoder NewEncoder() => new(manifest, rig, ForecastSamples.Identity, MessageEncoding.Json);
            _connection = brokers.NewConnection();
            _connection.Pulse = new Pulse("mqtt", clock);
            _poke = _connection.CreateTopic(TopicBase + "poke", 0, false, new MqttProperties());
            _connection.Subscribe(TopicBase + "poke", 0, (in MqttMessage _) => _handler.Wait());
            _sink = new MqttForecastSink(_connection, TopicBase, NewEncoder, clock);
            var manoeuvres = new Manoeuvres(manifest, 16);
            var run = new FakeWorldRun(manifest, 2) { Encoding = _ => _world.Wait() };
            var costs = new CostTable(manoeuvres.Rungs, [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero], frozen: true);
            var parts = JourneyParts.Build(rig, manifest, run, manoeuvres, costs, new JourneyOptions { Budget = TimeSpan.FromSeconds(1) }, null, Guid.NewGuid);
            var publisher = new ForecastPublisher([this], clock, parts.Ledger, this);
            _pipeline = new ForecastPipeline(parts, [new LiveSource("camera0", clock), new LiveSource("camera1", clock)], new FramePool(24, manifest.InputWidthPx * manifest.InputHeightPx * 3), publisher, clock);
            var path = Path.Combine(Path.GetTempPath(), $"forecast-{Guid.NewGuid():N}");
            _systemd.Bind(new UnixDomainSocketEndPoint(path));
            _manager = new ServiceNotifier(path, TimeSpan.FromSeconds(0.4));
            _beacon = new MqttStatusBeacon(BrokerFixture.Options(brokers.Broker.Url), _sink, TopicBase, NewEncoder());
            var watch = new HealthWatch(_pipeline, publisher, clock, manifest.TickPeriod, _connection.Pulse);
            _watchdog = new Watchdog(watch, _beacon, _manager, () => parts.Ledger.SetsDone, TimeProvider.System);
        }

        public string TopicBase { get; }

        public string Name => "gated";

        public string[] Notified
        {
            get
            {
                var buffer = new byte[64];
                while (_systemd.Available > 0)
                {
                    _notified.Add(Encoding.ASCII.GetString(buffer, 0, _systemd.Receive(buffer)));
                }

                return [.. _notified];
            }
        }

        public void Start()
        {
            _connection.Start();
            Eventually.True(() => _connection.IsConnected, "no broker");
            _pipeline.Start();
            _watchdog.Start();
        }

        public void WaitForForecasts(int count) => Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _published) >= count, Patience));

        public void Hang(string edge)
        {
            (edge switch { "journey_hung" => _world, "publish_hung" => _sinkGate, _ => _handler }).Reset();
            if (edge == "mqtt_hung")
            {
                _connection.Publish(_poke, "x"u8);
            }
        }

        public void Release()
        {
            _world.Set();
            _sinkGate.Set();
            _handler.Set();
        }

        public SinkResult Publish(SceneForecast forecast)
        {
            _sinkGate.Wait();
            return SinkResult.Taken;
        }

        public void Published(SceneForecast forecast, Timestamp moment) => Interlocked.Increment(ref _published);

        public bool Flush(TimeSpan limit) => true;

        public void Dispose()
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            Release();
            _watchdog.Dispose();
            _ = Notified;
            _pipeline.Stop();
            _pipeline.Dispose();
            _beacon.Dispose();
            _manager.Dispose();
            _sink.Dispose();
            _connection.Dispose();
        }
    }

    private sealed class LiveSource(string camera, RigClock clock) : IFrameSource
    {
        private readonly ManualResetEventSlim _interrupted = new(false);
        private ulong _frames;

        public string Camera => camera;

        public GrabResult Grab() => _interrupted.Wait(100) ? new GrabResult(GrabStatus.Ended, default, default, null) : new GrabResult(GrabStatus.Frame, clock.Now, clock.Now, null);

        public PictureContent Prepare(Span<byte> modelPicture) => new(++_frames, 90, 20);

        public void Interrupt() => _interrupted.Set();

        public void Dispose() => _interrupted.Dispose();
    }
}
