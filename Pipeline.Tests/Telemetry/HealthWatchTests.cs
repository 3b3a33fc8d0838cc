using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Telemetry;

/// <summary>What the watch says from outside; the pipeline's threads are not started, the journey is driven by hand.</summary>
public sealed class HealthWatchTests : IDisposable
{
    private readonly TestTimeProvider _time = new();
    private readonly RigClock _clock;
    private readonly Rig _rig = TestRig.Of(2);
    private readonly FramePool _pool = new(8, 24);
    private readonly JourneyParts _parts;
    private readonly ForecastPublisher _publisher;
    private readonly ForecastPipeline _pipeline;
    private readonly HealthWatch _watch;
    private readonly HealthReport _report;
    private long _frames;
    private TimeSpan _ahead; // camera 1's stamps

    public HealthWatchTests()
    {
        var manifest = TestManifest.Create();
        var manoeuvres = new Manoeuvres(manifest, 16);
        var costs = new CostTable(manoeuvres.Rungs, [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero], frozen: true);
        _clock = new RigClock(_time);
        _parts = JourneyParts.Build(_rig, manifest, new FakeWorldRun(manifest, 2), manoeuvres, costs, new JourneyOptions(), null, Guid.NewGuid);
        _publisher = new ForecastPublisher([new TakingSink()], _clock, _parts.Ledger, new PipelineMetrics(_rig, manifest, TimeSpan.FromSeconds(0.1), _parts.Ledger, "cpu", "test"));
        _pipeline = new ForecastPipeline(_parts, [new NoSource("camera0"), new NoSource("camera1")], _pool, _publisher, _clock);
        _watch = new HealthWatch(_pipeline, _publisher, _clock, manifest.TickPeriod);
        _report = new HealthReport(_rig);
    }

    [Fact]
    public void Fill_BeforeTheFirstForecast_IsStarting()
    {
        Fill();
        Assert.Equal(HealthState.Starting, _report.State);
    }

    [Fact]
    public void Fill_NoForecastForThreeSeconds_IsStaleAndNotStartingForEver()
    {
        _time.Advance(TimeSpan.FromSeconds(3));
        Fill();
        Assert.Equal(HealthState.Stale, _report.State);
        Assert.Contains("no_forecast", _report.Reasons);
    }

    [Fact]
    public void Fill_ForecastsFlow_IsNominalThenStaleAfterThreePeriods()
    {
        Tick(0, 1);
        Fill();
        Assert.Equal(HealthState.Nominal, _report.State);
        Assert.Empty(_report.Reasons);

        _time.Advance(TimeSpan.FromMilliseconds(300));
        Fill();
        Assert.Equal(HealthState.Nominal, _report.State);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Fill();
        Assert.Equal(HealthState.Stale, _report.State);
        Assert.Contains("no_forecast", _report.Reasons);
    }

    [Fact]
    public void Fill_EventsInMemoryOnly_IsDegradedUntilTheyAreOnDisk()
    {
        Tick(0, 1);
        _report.Outbox.MemoryOnly = true;
        Fill();
        Assert.Equal(HealthState.Degraded, _report.State);
        Assert.Equal(["outbox_memory_only"], _report.Reasons);

        _report.Outbox.MemoryOnly = false;
        Fill();
        Assert.Equal(HealthState.Nominal, _report.State);
    }

    [Fact]
    public void Fill_OneCameraSilent_IsDegradedAndNamesIt()
    {
        Tick(0, 1);
        for (var i = 0; i < 8; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Tick(0);
        }

        Fill();
        Assert.Equal(HealthState.Degraded, _report.State);
        Assert.Equal(["camera_silent:camera1"], _report.Reasons);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public void Fill_OneCamerasClockJumped_SaysSoAndNotThatItIsSilent(int seconds)
    {
        for (var i = 0; i < 20; i++)
        {
            _ahead = TimeSpan.FromSeconds(i < 10 ? 0 : seconds);
            Tick(0, 1);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Fill();
        Assert.Equal(["camera_clock_jumped:camera1"], _report.Reasons);
        Assert.Equal(0.1, _report.Cameras[1].AgeS, 0.001);
    }

    [Fact]
    public void Fill_BrokerAndMotionAway_NamesBoth()
    {
        Tick(0, 1);
        _watch.Fill(_report, brokerConnected: false, EgoOrigin.Estimated, "cpu");
        Assert.Equal(HealthState.Degraded, _report.State);
        Assert.Equal(["broker_away", "ego_missing"], _report.Reasons);
    }

    [Fact]
    public void Fill_RateAndAge_AreMeasuredSinceTheLastLook()
    {
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Tick(0, 1);
        }

        _time.Advance(TimeSpan.FromMilliseconds(40));
        Fill();
        Assert.Equal(10 / 1.04, _report.Cameras[0].RateHz, 0.01);
        Assert.Equal(0.04, _report.Cameras[0].AgeS, 0.001);
    }

    [Theory]
    [InlineData(0, "journey_hung")]
    [InlineData(1, "publish_hung")]
    public void WhyUnreliable_ThreadBusyForThreePeriods_NamesItWithinHalfASecondAndForgetsItAfterwards(int edge, string code)
    {
        Tick(0, 1);
        Assert.Null(_watch.WhyUnreliable());
        _pipeline.Pulses[edge].Work();
        var waited = TimeSpan.Zero;
        while (_watch.WhyUnreliable() is null)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            waited += TimeSpan.FromMilliseconds(10);
        }

        Fill();
        Assert.InRange(waited.TotalSeconds, 0.3, 0.5);
        Assert.Equal(HealthState.Stale, _report.State);
        Assert.Contains(code, _report.Reasons);

        _pipeline.Pulses[edge].Wait();
        Tick(0, 1);
        Assert.Null(_watch.WhyUnreliable());
    }

    [Fact]
    public void WhyUnreliable_NothingLeavesAndNobodyHangs_IsNoForecast()
    {
        Assert.Null(_watch.WhyUnreliable());
        Tick(0, 1);
        _time.Advance(TimeSpan.FromMilliseconds(301));
        Assert.Equal("no_forecast", _watch.WhyUnreliable());
        Assert.Equal(0, SteadyState.Allocated(() => _watch.WhyUnreliable()));
    }

    public void Dispose() => _pipeline.Dispose();

    private void Fill() => _watch.Fill(_report, brokerConnected: true, EgoOrigin.Measured, "cpu");

    private void Tick(params ReadOnlySpan<int> cameras)
    {
        foreach (var camera in cameras)
        {
            Assert.True(_pool.TryRent(out var lease));
            _parts.Ledger.FrameCaptured(camera);
            _pipeline.Journey.Arrive(new Frame(new FrameId(camera, _frames), _clock.Now + (camera == 1 ? _ahead : default), _clock.Now, new PictureContent((ulong)++_frames, 90, 20), lease));
        }

        var forecast = _pipeline.Journey.TryTravel(_clock.Now);
        if (forecast is null)
        {
            _time.Advance(TimeSpan.FromMilliseconds(30)); // the wait for the camera that is silent
            forecast = _pipeline.Journey.TryTravel(_clock.Now);
        }

        Assert.NotNull(forecast);
        _publisher.Publish(forecast);
        _parts.Forecasts.Return(forecast);
    }

    private sealed class NoSource(string camera) : IFrameSource
    {
        public string Camera => camera;

        public GrabResult Grab() => new(GrabStatus.Ended, default, default, null);

        public PictureContent Prepare(Span<byte> modelPicture) => default;

        public void Interrupt()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class TakingSink : IForecastSink
    {
        public string Name => "taking";

        public SinkResult Publish(SceneForecast forecast) => SinkResult.Taken;

        public bool Flush(TimeSpan limit) => true;

        public void Dispose()
        {
        }
    }
}
