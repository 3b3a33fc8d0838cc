using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;
using Xunit.Abstractions;

namespace Forecast.Pipeline.Tests;

/// <summary>Four cameras at 20 Hz into a stage that is too slow for them, in virtual time: the run moves the clock on by what it takes.</summary>
public sealed class OverloadTests(ITestOutputHelper output)
{
    private const int Cameras = 4;
    private const double PeriodMs = 50;

    /// <summary>
    /// 80 pictures a second, 25 ms each with no gain from a batch: twice what can be done. A set of four takes 100 ms, so none is younger than that, and what is
    /// newest when a run ends is at most a period and the jitter older.
    /// </summary>
    [Fact]
    public void TwiceTheLoad_EveryCamera_UsesAllCapacityAndTreatsCamerasAlike()
    {
        var run = new Run(Budget(200), [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(100), 3)], [new(16, Rung.EveryCamera), new(8, Rung.EveryCamera), new(1, Rung.EveryCamera)]);
        run.Go(seconds: 120, (pictures, _) => 25 * pictures);

        var ledger = run.Ledger;
        var capacity = ledger.Published * 100 / 120_000.0;
        output.WriteLine($"age p50 {run.Age(0.5):0} ms, p99 {run.Age(0.99):0} ms; capacity {capacity:0.000}; used {string.Join(' ', ledger.Cameras.Select(camera => camera.Used))}");
        Assert.InRange(run.Age(0.99), 100, 160);
        Assert.InRange(capacity, 0.95, 1.0);
        AssertAlike(ledger.Cameras, camera => camera.Used);
        AssertAlike(ledger.Cameras, camera => camera.Dropped.Sum());
        Assert.Equal((ledger.Published, 0), (ledger.OnTime, ledger.CostViolations));
        Assert.Equal(ledger.Formed, ledger.Published + ledger.SetDrops.Sum());
    }

    /// <summary>The same four that see as much each, and a budget in which two of them fit: they take turns, and nothing published is older than the budget.</summary>
    [Fact]
    public void TwiceTheLoad_ShortBudgetAndCamerasAlike_TakeTurnsWithinTheBudget()
    {
        var ladder = Rung.Ladder([16, 8, 1], Cameras, 1);
        var run = new Run(Budget(90), [.. ladder.Select(rung => TimeSpan.FromMilliseconds(25 * Math.Min(rung.Cameras, Cameras)))], ladder, yaw: 0);
        run.Go(seconds: 120, (pictures, _) => 25 * pictures);

        var ledger = run.Ledger;
        var used = ledger.Cameras.Sum(camera => camera.Used);
        output.WriteLine($"age p50 {run.Age(0.5):0} ms, p99 {run.Age(0.99):0} ms; capacity {used * 25 / 120_000.0:0.000}; used {string.Join(' ', ledger.Cameras.Select(camera => camera.Used))}");
        Assert.InRange(run.Age(1), 50, 90);
        Assert.InRange(used * 25 / 120_000.0, 0.95, 1.0);
        AssertAlike(ledger.Cameras, camera => camera.Used);
        Assert.Equal((ledger.Published, 0), (ledger.OnTime, ledger.CostViolations));
    }

    /// <summary>Nominal for 20 s, twice as slow for 20 s, nominal again, on the ladder and the budget that 20 Hz has by default.</summary>
    [Fact]
    public void TwiceAsSlowForAWhile_LadderGoesDownSaysSoAndComesBack()
    {
        var ladder = Rung.Ladder([16, 8, 1], Cameras, 1);
        static double Nominal(int pictures, int manoeuvres) => 3 + (5 * pictures) + (0.4 * manoeuvres);
        var run = new Run(Budget(PeriodMs), [.. ladder.Select(rung => TimeSpan.FromMilliseconds(Nominal(Math.Min(rung.Cameras, Cameras), rung.Manoeuvres)))], ladder);

        run.Go(20, Nominal);
        Assert.All(run.Told, told => Assert.Equal((16, Cameras), (told.Manoeuvres, told.Cameras)));
        run.Told.Clear();
        run.Go(20, (pictures, manoeuvres) => 2 * Nominal(pictures, manoeuvres));
        var during = run.Told.ToList();
        run.Told.Clear();
        run.Go(20, Nominal);

        output.WriteLine($"published during overload {during.Count} of 400, on time {during.Count(told => told.OnTime)}; back at the top after {run.Told.FindIndex(told => told is { Manoeuvres: 16, Cameras: Cameras })} sets");
        Assert.True(during.Count(told => told.OnTime) >= 380, $"{during.Count} published, {during.Count(told => told.OnTime)} on time");
        Assert.True(during.Count(told => told.Cameras < Cameras) >= 300);
        Assert.All(during, told => Assert.Equal(told.Cameras < Cameras, told.Reasons.HasFlag(DegradedReasons.CamerasShed)));
        Assert.All(during, told => Assert.True(told.ShedInOrder));
        Assert.InRange(run.Told.FindIndex(told => told is { Manoeuvres: 16, Cameras: Cameras }), 1, 150);
        Assert.Equal((16, Cameras), (run.Told[^1].Manoeuvres, run.Told[^1].Cameras));
        Assert.Equal(0, run.Ledger.SetsInFlight);
        Assert.True(run.Ledger.Published - run.Ledger.OnTime <= run.Ledger.CostViolations);
        Assert.True(run.Ledger.Cameras[2].Dropped[(int)DropReason.Shed] > 100);
        Assert.Equal(0, run.Ledger.Cameras[0].Dropped[(int)DropReason.Shed]);
    }

    private static TimeSpan Budget(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static void AssertAlike(FrameCounts[] cameras, Func<FrameCounts, long> count) =>
        Assert.InRange(cameras.Max(count) / (double)cameras.Min(count), 1, 1.10);

    private readonly record struct Told(int Manoeuvres, int Cameras, DegradedReasons Reasons, bool ShedInOrder, bool OnTime);

    private sealed class Run : IForecastSink, IJourneyObserver
    {
        private readonly TestTimeProvider _time = new();
        private readonly RigClock _clock;
        private readonly JourneyRig _rig;
        private readonly ForecastPublisher _publisher;
        private readonly Random _random = new(5);
        private readonly PriorityQueue<(int Camera, double Capture), double> _coming = new();
        private readonly List<double> _ages = [];
        private double _nextTickMs;

        /// <param name="yaw">Where all cameras look; null: evenly around.</param>
        public Run(TimeSpan budget, TimeSpan[] costs, IReadOnlyList<Rung> ladder, double? yaw = null)
        {
            var rig = TestRig.Of(Cameras, rateHz: 20, skewToleranceMs: 20);
            rig = yaw is { } same ? rig with { Cameras = [.. rig.Cameras.Select(camera => TestRig.Camera(camera.Name, 20, same))] } : rig;
            _clock = new RigClock(_time);
            _rig = new JourneyRig(
                budget: budget, rig: rig, manifest: TestManifest.Create() with { TickPeriod = TimeSpan.FromMilliseconds(PeriodMs) },
                table: new CostTable(ladder, costs, frozen: false));
            _publisher = new ForecastPublisher([this], _clock, _rig.Parts.Ledger, this);
            _nextTickMs = NowMs + PeriodMs;
        }

        public List<Told> Told { get; } = [];

        public LedgerCopy Ledger => _rig.Ledger;

        public string Name => "virtual";

        private double NowMs => _clock.Now.Nanoseconds / 1e6;

        public double Age(double quantile) => _ages.Order().ElementAt((int)(quantile * (_ages.Count - 1)));

        public void Go(double seconds, Func<int, int, double> serviceMs)
        {
            // What the run takes is known when it imagines; the fake is told of the batch first.
            _rig.Run.Encoding = pictures => Advance(serviceMs(pictures, 0));
            _rig.Run.Imagining = manoeuvres => Advance(serviceMs(0, manoeuvres) - serviceMs(0, 0));
            var end = NowMs + (seconds * 1000);
            while (NowMs < end)
            {
                Deliver();
                if (_rig.Journey.TryTravel(_clock.Now) is { } forecast)
                {
                    _rig.Journey.Judged(forecast, _clock.Now);
                    _publisher.Publish(forecast);
                    _rig.Journey.HandedOver(Delivery.Of(forecast));
                    _rig.Parts.Forecasts.Return(forecast);
                    continue;
                }

                var wake = _rig.Journey.NextWake is { } due ? Math.Min(due.Nanoseconds / 1e6, NextArrival()) : NextArrival();
                Advance(Math.Max(0.01, wake - NowMs));
            }
        }

        public SinkResult Publish(SceneForecast forecast) => SinkResult.Taken;

        public void Published(SceneForecast forecast, Timestamp moment)
        {
            _ages.Add((moment - forecast.CaptureFirst).TotalMilliseconds);
            var used = forecast.Cameras.Count(camera => camera.Used);
            // the front always, the rear only with both sides, which take turns
            var inOrder = forecast.Cameras[0].Used && forecast.Cameras[2].Used == (used == Cameras) && forecast.Cameras.All(camera => camera.Used || camera.Missing == MissingReason.Shed);
            Told.Add(new Told(forecast.Manoeuvres, used, forecast.Reasons, inOrder, moment <= forecast.Deadline));
        }

        public bool Flush(TimeSpan limit) => true;

        public void Dispose()
        {
        }

        private void Advance(double milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

        private void Deliver()
        {
            for (_ = NextArrival(); _coming.TryPeek(out var frame, out var arrival) && arrival <= NowMs; _ = NextArrival())
            {
                _coming.Dequeue();
                _rig.Offer(frame.Camera, frame.Capture, arrival);
            }
        }

        /// <summary>Each camera has a phase of its own, and jitter of up to 2 ms; a frame arrives 2 ms after its capture.</summary>
        private double NextArrival()
        {
            while (_coming.Count < 2 * Cameras)
            {
                for (var camera = 0; camera < Cameras; camera++)
                {
                    var capture = _nextTickMs + camera + (2 * _random.NextDouble());
                    _coming.Enqueue((camera, capture), capture + 2);
                }

                _nextTickMs += PeriodMs;
            }

            return _coming.TryPeek(out _, out var arrival) ? arrival : throw new InvalidOperationException("no frame is to come");
        }
    }
}
