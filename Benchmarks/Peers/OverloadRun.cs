using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Benchmarks.Peers;

/// <summary>The real pipeline with its threads, under twice its load: four cameras alike at 20 Hz into a world that sleeps 25 ms for each picture.</summary>
public static class OverloadRun
{
    public const int Cameras = 4;
    public const double RateHz = 20;
    public static readonly TimeSpan Stage = TimeSpan.FromMilliseconds(25);

    /// <summary>What a vehicle would state here: less than the peer's 97 ms, and room for two cameras.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(90);

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    public static OverloadFigures Measure(ModelManifest model, TimeSpan length)
    {
        var period = TimeSpan.FromSeconds(1 / RateHz);
        var manifest = model with { TickPeriod = period, Calibration = model.Calibration with { Surprise = null, SurpriseEgoEstimated = null } }; // nothing to look back at
        var rig = MakeRig();
        using var run = new SleepingWorldRun(manifest, Cameras, Stage);
        var manoeuvres = new Manoeuvres(manifest, manifest.Candidates.Count);
        var ladder = Rung.Ladder(manoeuvres.Rungs, Cameras, manifest.CamerasMin);
        var costs = new CostTable(ladder, [.. ladder.Select(rung => Stage * Math.Min(rung.Cameras, Cameras))], frozen: false);
        var parts = JourneyParts.Build(rig, manifest, run, manoeuvres, costs, new JourneyOptions { Budget = Budget }, null, Guid.NewGuid);
        var clock = new RigClock(TimeProvider.System);
        using var sink = new WatchingSink(clock, (int)((length + Settle) / period) + 16);
        var metrics = new PipelineMetrics(rig, manifest, Budget, parts.Ledger, "none", "bench");
        var start = clock.Now + TimeSpan.FromMilliseconds(300);
        var whole = length + Settle;
        using var pipeline = new ForecastPipeline(
            parts, [.. rig.Cameras.Select((camera, i) => new TickingCamera(camera.Name, i, clock, start, period, whole))],
            new FramePool(Cameras * 10, manifest.InputWidthPx * manifest.InputHeightPx * 3), new ForecastPublisher([sink], clock, parts.Ledger, metrics), clock);
        pipeline.Start();
        pipeline.WaitForEnd(whole + TimeSpan.FromSeconds(5), CancellationToken.None);
        pipeline.Stop();
        return Figures(sink.All, start + Settle, start + whole, parts.Ledger.Copy());
    }

    private static OverloadFigures Figures(IReadOnlyList<Seen> all, Timestamp settled, Timestamp end, LedgerCopy ledger)
    {
        var seen = all.Where(one => one.Moment >= settled && one.Moment <= end).ToList();
        var ages = seen.Select(one => one.Age.TotalMilliseconds).ToList();
        var used = ledger.Cameras.Select(camera => (double)camera.Used).ToList();
        var addsUp = ledger.Formed == ledger.Published + ledger.SetDrops.Sum() && ledger.Cameras.All(camera => camera.Captured == camera.Used + camera.Dropped.Sum());
        return new OverloadFigures(
            Samples.Quantile(ages, 0.5),
            Samples.Quantile(ages, 0.99),
            seen.Sum(one => one.Cameras) * Stage.TotalSeconds / (end - settled).TotalSeconds,
            used.Max() / Math.Max(1, used.Min()),
            seen.Count(one => one.LateAndValid),
            addsUp);
    }

    private static Rig MakeRig() => new(
        "overload", false, "made for the benchmark", new VehicleOutline(4.6, 1.85, 0.95), TimeSpan.FromMilliseconds(20),
        [.. Enumerable.Range(0, Cameras).Select(i => new CameraCalibration(
            $"camera{i}", 256, 128, RateHz, new Intrinsics(182, 182, 128, 64), Distortion.None,
            new RigidTransform(0.5, -0.5, 0.5, -0.5, 1.5, 0, 1.5), new StampQuality(StampOrigin.Driver, null, TimeSpan.FromMilliseconds(1))))]);
}

/// <param name="Capacity">Pictures used times the stage, over the time: 1 is all that can be done.</param>
/// <param name="Fairness">Pictures used of the camera with most over that with fewest.</param>
/// <param name="LateAndValid">Forecasts that said valid or degraded after their deadline.</param>
/// <param name="LedgersAddUp">Every frame and every set was used, or dropped for one reason.</param>
public sealed record OverloadFigures(double AgeP50Ms, double AgeP99Ms, double Capacity, double Fairness, int LateAndValid, bool LedgersAddUp);
