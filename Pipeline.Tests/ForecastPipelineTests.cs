using System.Collections.Concurrent;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests;

/// <summary>The threads around the journey: hand-over, order, end and shutdown. Time here is the machine's; nothing is asserted about how long anything took.</summary>
public sealed class ForecastPipelineTests
{
    private const int Cameras = 3;
    private const int Ticks = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Run_AllSourcesEnd_PublishesInOrderAndAddsUp()
    {
        using var rig = new PipelineRig(Cameras, Ticks);
        rig.Pipeline.Start();

        Assert.True(rig.Pipeline.WaitForEnd(Patience, CancellationToken.None));
        Assert.Empty(rig.Pipeline.Stop());

        var ledger = rig.Pipeline.Ledger.Copy();
        Assert.Equal(ledger.Formed, ledger.Published + ledger.SetDrops.Sum());
        Assert.All(ledger.Cameras, camera => Assert.Equal(Ticks, camera.Captured));
        Assert.All(ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
        Assert.Equal(rig.Sink.Ticks.Order(), rig.Sink.Ticks);
        Assert.NotEmpty(rig.Sink.Ticks);
        Assert.Equal(ledger.Published, rig.Sink.Ticks.Count);
        Assert.Equal(0, rig.Pool.Outstanding);
    }

    [Fact]
    public void Stop_InFullFlow_GivesEverySlotBack()
    {
        using var rig = new PipelineRig(Cameras, ticks: 10_000);
        rig.Pipeline.Start();
        SpinWait.SpinUntil(() => rig.Sink.Ticks.Count > 3, Patience);

        Assert.Empty(rig.Pipeline.Stop());

        Assert.Equal(0, rig.Pool.Outstanding);
        var ledger = rig.Pipeline.Ledger.Copy();
        Assert.All(ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
        Assert.Equal(0, ledger.SetsInFlight);
    }

    [Fact]
    public void Stop_OneCameraTakesItsTime_TheOthersFramesStillFindAnOwner()
    {
        using var rig = new PipelineRig(Cameras, ticks: 10_000, stopDelay: camera => TimeSpan.FromMilliseconds(camera == 0 ? 200 : 0));
        rig.Pipeline.Start();
        SpinWait.SpinUntil(() => rig.Sink.Ticks.Count > 3, Patience);

        Assert.Empty(rig.Pipeline.Stop());

        Assert.Equal(0, rig.Pool.Outstanding);
        Assert.All(rig.Pipeline.Ledger.Copy().Cameras, camera => Assert.Equal(0, camera.InFlight));
    }

    [Fact]
    public void Run_SinkRefuses_CountsEachRefusalAndGoesOn()
    {
        using var rig = new PipelineRig(Cameras, Ticks);
        rig.Sink.Answer = tick => tick % 2 == 0 ? SinkResult.Busy : SinkResult.Taken;
        rig.Pipeline.Start();
        rig.Pipeline.WaitForEnd(Patience, CancellationToken.None);
        rig.Pipeline.Stop();

        var ledger = rig.Pipeline.Ledger.Copy();
        Assert.True(ledger.SetDrops[(int)DropReason.SinkBusy] > 0);
        Assert.Equal(ledger.Formed, ledger.Published + ledger.SetDrops.Sum());
    }

    [Fact]
    public void Run_OneSourceThrows_IsNamedAndTheOthersGoOn()
    {
        using var rig = new PipelineRig(Cameras, Ticks, breaksAt: camera => camera == 1 ? 5 : int.MaxValue);
        rig.Pipeline.Start();

        Assert.True(rig.Pipeline.WaitForEnd(Patience, CancellationToken.None));
        Assert.Empty(rig.Pipeline.Stop());

        var cameras = rig.Pipeline.Ledger.Copy().Cameras;
        Assert.Contains("the camera broke", rig.Pipeline.Cameras[1].Trouble, StringComparison.Ordinal);
        Assert.Equal([Ticks, 5, Ticks], cameras.Select(camera => (int)camera.Captured));
        Assert.All(cameras, camera => Assert.Equal(0, camera.InFlight));
        Assert.Equal(0, rig.Pool.Outstanding);
    }

    [Fact]
    public void Run_SinkThrows_EndsTheRunWithWhatHappened()
    {
        using var rig = new PipelineRig(Cameras, Ticks);
        rig.Sink.Answer = _ => throw new InvalidOperationException("the sink is broken");
        rig.Pipeline.Start();

        var broken = Assert.Throws<InvalidOperationException>(() => rig.Pipeline.WaitForEnd(Patience, CancellationToken.None));
        Assert.Contains("the sink is broken", broken.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => rig.Pipeline.Stop());
    }

    [Fact]
    public void Publish_AfterTheDeadline_IsNeverValid()
    {
        var time = new TestTimeProvider();
        var clock = new RigClock(time);
        var ledger = new Ledger(1);
        using var sink = new ListSink();
        var publisher = new ForecastPublisher([sink], clock, ledger, sink);
        var manifest = TestManifest.Create();
        var forecast = new SceneForecast(manifest, TestRig.Of(1), 16) { Validity = Validity.Valid, Deadline = clock.Now + TimeSpan.FromMilliseconds(5) };
        time.Advance(TimeSpan.FromMilliseconds(6));

        publisher.Publish(forecast);

        Assert.Equal(Validity.Stale, Assert.Single(sink.Validities));
        Assert.True(forecast.Reasons.HasFlag(DegradedReasons.DeadlineMissed));
        Assert.Equal((1, 0), (ledger.Copy().Published, ledger.Copy().OnTime));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Stop_WorldModelHangsForGood_EndsAllTheSameAndSaysSo()
    {
        using var hanging = new ManualResetEventSlim(false);
        using var release = new ManualResetEventSlim(false);
        var sets = 0;
        using var rig = new PipelineRig(Cameras, ticks: 10_000, encoding: _ =>
        {
            if (++sets == 5)
            {
                hanging.Set();
                release.Wait();
            }
        });
        rig.Pipeline.Start();
        Assert.True(hanging.Wait(Patience));

        var stopped = new Thread(() => rig.Pipeline.Stop());
        stopped.Start();

        Assert.True(stopped.Join(Patience), "it waits for a model that never comes back");
        Assert.True(rig.Pipeline.JourneyHangs);
        Assert.Equal(4, rig.Sink.Ticks.Count);
        release.Set();
    }

    private sealed class PipelineRig : IDisposable
    {
        public PipelineRig(int cameras, int ticks, Func<int, TimeSpan>? stopDelay = null, Func<int, int>? breaksAt = null, Action<int>? encoding = null)
        {
            var manifest = TestManifest.Create();
            var rig = TestRig.Of(cameras);
            var clock = new RigClock(TimeProvider.System);
            Pool = new FramePool(24, manifest.InputWidthPx * manifest.InputHeightPx * 3);
            var manoeuvres = new Pipeline.Risk.Manoeuvres(manifest, 16);
            var costs = new CostTable(manoeuvres.Rungs, [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero], frozen: true);
            var parts = JourneyParts.Build(rig, manifest, new FakeWorldRun(manifest, cameras) { Encoding = encoding }, manoeuvres, costs, new JourneyOptions { Budget = TimeSpan.FromSeconds(1) }, null, Guid.NewGuid);
            var publisher = new ForecastPublisher([Sink], clock, parts.Ledger, Sink);
            var start = clock.Now;
            Pipeline = new ForecastPipeline(parts, [.. Enumerable.Range(0, cameras).Select(i => new TickingSource($"camera{i}", clock, start, ticks, stopDelay?.Invoke(i) ?? TimeSpan.Zero, breaksAt?.Invoke(i) ?? int.MaxValue))], Pool, publisher, clock);
        }

        public ListSink Sink { get; } = new();

        public FramePool Pool { get; }

        public ForecastPipeline Pipeline { get; }

        public void Dispose() => Pipeline.Dispose();
    }

    /// <summary>Frames every 100 ms of capture time, given as fast as every 5 ms of the wall.</summary>
    private sealed class TickingSource(string camera, RigClock clock, Timestamp start, int ticks, TimeSpan stopDelay, int breaksAt) : IFrameSource
    {
        private readonly ManualResetEventSlim _interrupted = new(false);
        private int _tick;

        public string Camera => camera;

        public GrabResult Grab()
        {
            if (_tick == ticks || _interrupted.Wait(5))
            {
                Thread.Sleep(stopDelay);
                return new GrabResult(GrabStatus.Ended, default, default, null);
            }

            return new GrabResult(GrabStatus.Frame, start + TimeSpan.FromMilliseconds(100 * _tick++), clock.Now, null);
        }

        public PictureContent Prepare(Span<byte> modelPicture) => _tick == breaksAt ? throw new InvalidOperationException("the camera broke") : new PictureContent((ulong)_tick, 90, 20);

        public void Interrupt() => _interrupted.Set();

        public void Dispose() => _interrupted.Dispose();
    }

    private sealed class ListSink : IForecastSink, IJourneyObserver
    {
        public ConcurrentQueue<long> Ticks { get; } = new();

        public ConcurrentQueue<Validity> Validities { get; } = new();

        public Func<long, SinkResult> Answer { get; set; } = _ => SinkResult.Taken;

        public string Name => "list";

        public SinkResult Publish(SceneForecast forecast)
        {
            Validities.Enqueue(forecast.Validity);
            return Answer(forecast.Tick);
        }

        public void Published(SceneForecast forecast, Timestamp moment) => Ticks.Enqueue(forecast.Tick);

        public bool Flush(TimeSpan limit) => true;

        public void Dispose()
        {
        }
    }
}
