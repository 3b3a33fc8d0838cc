using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Fixtures;
using Forecast.Replay;

namespace Forecast.Pipeline.Tests.Replay;

/// <summary>Replay in lock-step on the real ONNX Runtime with the tiny model: what it promises of sameness, completeness and time.</summary>
public sealed class LockStepReplayTests
{
    private const int Cameras = 3;
    private const int Ticks = 40;

    [Fact]
    public void Run_Twice_GivesTheSameDigest()
    {
        var first = Replay(seed: 1);
        var second = Replay(seed: 1);

        Assert.Equal(first.Digest, second.Digest);
        Assert.Equal(Ticks, first.Ledger.Published);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Run_ArrivalShuffledInsideATick_GivesTheSameDigest(int seed) => Assert.Equal(Replay(seed: 1).Digest, Replay(seed).Digest);

    [Fact]
    public void Run_AtTwentyTimesRealTime_GivesTheDigestOfFullSpeed() => Assert.Equal(Replay(seed: 1).Digest, Replay(seed: 1, speed: 20).Digest);

    [Fact]
    public void Run_OtherPictures_GiveAnotherDigest() => Assert.NotEqual(Replay(seed: 1).Digest, Replay(seed: 1, brightness: 9).Digest);

    [Fact]
    public void Run_OneFrameMissing_GivesAnotherDigestAndNamesTheTick()
    {
        var whole = Replay(seed: 1);
        var holed = Replay(seed: 1, lostTick: 17);

        Assert.NotEqual(whole.Digest, holed.Digest);
        Assert.Equal(Ticks, holed.Ledger.Published);
        Assert.Equal(Ticks - 1, holed.Ledger.Cameras[1].Used);
    }

    [Fact]
    public void Run_SlowSink_DropsNothing()
    {
        var run = Replay(seed: 1, sinkDelay: TimeSpan.FromMilliseconds(5));
        Assert.Equal(Ticks, run.Ledger.Published);
        Assert.Equal(0, run.Ledger.SetDrops.Sum());
        Assert.All(run.Ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
    }

    [Fact]
    public void Run_Cancelled_EndsAndGivesFramesBack()
    {
        using var cancel = new CancellationTokenSource();
        var run = Replay(seed: 1, sinkDelay: TimeSpan.FromMilliseconds(5), cancelAfter: 10, cancel: cancel);
        Assert.InRange(run.Ledger.Published, 10, 11);
        Assert.All(run.Ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
        Assert.All(run.Ledger.Cameras, camera => Assert.Equal(camera.Captured - camera.Used, camera.Dropped[(int)DropReason.Shutdown]));
        Assert.All(run.Ledger.Cameras, camera => Assert.InRange(camera.Captured, 11, Ticks - 1)); // some were read ahead, not all
    }

    [Fact]
    public void Run_FramesThatArrivedAfterTheirDeadline_AreAllRememberedAtTheFullRungAndSaidToBeStale()
    {
        var run = Replay(seed: 1, extraDelayMs: 150);

        Assert.Equal((Ticks, Ticks, 0), (run.Ledger.Due, run.Ledger.Published, run.Ledger.OnTime));
        Assert.Equal(0, run.Ledger.SetDrops.Sum());
        Assert.Equal(Enumerable.Repeat((16, Validity.Stale), Ticks), run.Said);
    }

    [Fact]
    public void Run_TwoSetsCompleteAtOnce_AreBothForecast()
    {
        // Camera 1 is 150 ms late and waited for; the arrival after its lost frame completes two sets.
        var run = Replay(seed: 1, extraDelayMs: 150, delayedCamera: 1, lostTick: 17, budgetMs: 1000);

        Assert.Equal((Ticks, 0), (run.Ledger.Published, run.Ledger.SetDrops.Sum()));
        Assert.Equal((Ticks, Ticks), (run.Ledger.Cameras[0].Used, run.Ledger.Cameras[2].Used));
    }

    [Fact]
    public void Run_PreparationBreaks_EndsThatCameraAndCountsItsFrame()
    {
        var run = Replay(seed: 1, brokenTick: 17);

        Assert.Equal(Ticks, run.Ledger.Published);
        Assert.Equal((17, 16, 1), (run.Ledger.Cameras[1].Captured, run.Ledger.Cameras[1].Used, run.Ledger.Cameras[1].Dropped[(int)DropReason.Damaged]));
    }

    private static (string Digest, LedgerCopy Ledger, List<(int Manoeuvres, Validity Validity)> Said) Replay(
        int seed, double extraDelayMs = 0, int? delayedCamera = null, double budgetMs = 100, double speed = 0, byte brightness = 0, int lostTick = -1, int brokenTick = -1, TimeSpan sinkDelay = default, int cancelAfter = -1, CancellationTokenSource? cancel = null)
    {
        using var model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Exact = true, IntraOpThreads = 1, Provider = ProviderWish.Cpu });
        var rig = TestRig.Of(Cameras);
        var clock = new DriveClock(At(0));
        var rigClock = new RigClock(clock);
        var manoeuvres = new Manoeuvres(model.Manifest, 16);
        using var run = model.CreateRun(Cameras);
        var events = 0;
        var parts = JourneyParts.Build(
            rig, model.Manifest, run, manoeuvres, CostTable.FromManifest(model.Manifest, manoeuvres.Rungs), new JourneyOptions { Budget = TimeSpan.FromMilliseconds(budgetMs), EverySet = true }, null, () => new Guid(++events, 0, 0, new byte[8]));
        using var digest = new DigestSink(model.Manifest, rig);
        using var slow = new SlowSink(digest, sinkDelay, cancelAfter, cancel);
        var metrics = new PipelineMetrics(rig, model.Manifest, parts.Admission.Budget, parts.Ledger, model.Provider, "test");
        var publisher = new ForecastPublisher([slow], rigClock, parts.Ledger, metrics);
        var random = new Random(seed);
        var delays = Enumerable.Range(0, Ticks).Select(_ => ShuffledDelays(random)).ToList();
        var sources = Enumerable.Range(0, Cameras).Select(IFrameSource (camera) => new ColourSource(camera, [.. delays.Select(tick => tick[camera] + (camera == (delayedCamera ?? camera) ? extraDelayMs : 0))], brightness, camera == 1 ? lostTick : -1, camera == 1 ? brokenTick : -1)).ToList();
        var ego = Enumerable.Range(0, Ticks * 5).Select(i => new EgoSample(At(i * 20), At((i * 20) + 5), 8 + (0.01f * i), 0.05f, 0.5f)).ToList();
        using (var replay = new LockStepReplay(parts, sources, ego, [], 128 * 64 * 3, publisher, clock) { Speed = speed })
        {
            replay.Run(cancel?.Token ?? CancellationToken.None);
        }

        return (digest.Value, parts.Ledger.Copy(), slow.Said);
    }

    /// <summary>The last camera arrives at the same time whatever the order, so that the decision falls at the same moment.</summary>
    private static double[] ShuffledDelays(Random random)
    {
        double[] delays = [10, 15, 20];
        random.Shuffle(delays);
        return delays;
    }

    private static Timestamp At(double milliseconds) => new((long)((1000 + milliseconds) * 1_000_000));

    /// <summary>One colour a tick and camera, captured every 100 ms, arriving as told.</summary>
    private sealed class ColourSource(int camera, List<double> delays, byte brightness, int lostTick, int brokenTick) : IFrameSource
    {
        private int _tick;

        public string Camera => $"camera{camera}";

        public GrabResult Grab()
        {
            if (_tick == lostTick)
            {
                _tick++;
            }

            if (_tick == Ticks)
            {
                return new GrabResult(GrabStatus.Ended, default, default, null);
            }

            var capture = _tick * 100.0;
            return new GrabResult(GrabStatus.Frame, At(capture), At(capture + delays[_tick++]), null);
        }

        public PictureContent Prepare(Span<byte> modelPicture)
        {
            if (_tick == brokenTick)
            {
                throw new InvalidOperationException("the picture cannot be prepared");
            }

            var level = (byte)(40 + brightness + (_tick * 3) + (camera * 20));
            modelPicture.Fill(level);
            return new PictureContent((ulong)((_tick * 10) + camera + 1), level, 10);
        }

        public void Interrupt()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class SlowSink(IForecastSink inner, TimeSpan delay, int cancelAfter, CancellationTokenSource? cancel) : IForecastSink
    {
        private readonly ManualResetEventSlim _never = new(false);
        private int _taken;

        public string Name => "slow";

        public List<(int Manoeuvres, Validity Validity)> Said { get; } = [];

        public SinkResult Publish(SceneForecast forecast)
        {
            _never.Wait(delay);
            Said.Add((forecast.Manoeuvres, forecast.Validity));
            if (++_taken == cancelAfter)
            {
                cancel!.Cancel();
            }

            return inner.Publish(forecast);
        }

        public bool Flush(TimeSpan limit) => true;

        public void Dispose() => _never.Dispose();
    }
}
