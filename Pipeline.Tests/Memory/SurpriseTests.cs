using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Memory;

/// <summary>
/// A world whose observed map is noise that stays, with a little on top at every tick (a cell's log error: -4.49, give or take 1.28), and that is another noise from
/// some tick on: everything has teleported. The fake model forecasts that nothing changes.
/// </summary>
public sealed class SurpriseTests
{
    private const int FirstTick = 3; // the fake's history is 0.3 s: the state is full from here on
    private const int M = 3;
    private const int N = 5;
    private const int Cells = 24 * 16;
    private const double Sd = 0.36;
    private const double FiveWorst = 1.65; // mean z of the five worst of 384 such cells

    private readonly Random _random = new(5);
    private double _ms = 1000;

    [Fact]
    public void Look_WorldDoesAsForecast_ScoresLowFromASecondOn()
    {
        var rig = Rig();
        var readings = Run(rig, ticks: 30, teleportAt: int.MaxValue).ConvertAll(forecast => (forecast.Surprise.Moment, forecast.Surprise.Gap));

        // What a look finds is said by the next forecast: the first state kept is tick 3's, looked back to over a second at tick 13, told by tick 14.
        Assert.All(readings.GetRange(0, FirstTick + 11), reading => Assert.Null(reading.Moment));
        Assert.All(readings.GetRange(FirstTick + 11, 16), (reading, i) => Assert.Equal((At(1000 + ((i + FirstTick + 10) * 100)), SurpriseGap.None), (reading.Moment!.Value, reading.Gap)));
        Assert.Equal([SurpriseGap.NoHistory, SurpriseGap.WarmingUp, SurpriseGap.WarmingUp, SurpriseGap.WarmingUp, SurpriseGap.NoHistory], readings.GetRange(0, 5).ConvertAll(reading => reading.Gap));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public void Look_Forecast_MatchesItsOwnErrorByHand(int? worstCells)
    {
        var manifest = Manifest(worstCells);
        var rig = Rig(manifest);
        var last = Run(rig, ticks: 30, teleportAt: int.MaxValue)[^1];
        var (mean, sd) = (worstCells is null ? 0 : FiveWorst, Sd);

        Assert.All(last.Surprise.Error, error => Assert.InRange(error, 0.015f, 0.025f)); // 2 x 0.1^2
        Assert.All(last.Surprise.Score, score => Assert.InRange((score * sd) + mean, mean - 0.25, mean + 0.25));
        Assert.Equal((last.Surprise.Score[0] + last.Surprise.Score[1]) / 2, last.Surprise.Overall, 1e-4f);
        Assert.False(last.Surprise.Surprised);
    }

    [Fact]
    public void Look_OnePlaceTeleports_TheWorstCellsShowItAndTheWholeMapDoesNot()
    {
        Assert.InRange(Overall(worstCells: 5), 6, 10);
        Assert.InRange(Overall(worstCells: null), -0.5, 0.5);

        float Overall(int? worstCells)
        {
            var rig = Rig(Manifest(worstCells));
            Run(rig, ticks: 20, teleportAt: int.MaxValue);
            Step(rig, teleported: false, Steady, map => map.AsSpan(100, 5).Fill(3));
            return Step(rig, teleported: false, Steady)!.Surprise.Overall;
        }
    }

    [Fact]
    public void Look_OnlyTheNearerHorizonCalibrated_LooksBackNoFurther()
    {
        var manifest = Manifest();
        var surprise = manifest.Calibration.Surprise!;
        var rig = Rig(manifest with { Calibration = manifest.Calibration with { Surprise = surprise with { Norms = [surprise.Norms[0]] } } });
        var told = Run(rig, ticks: 20, teleportAt: int.MaxValue);

        Assert.Equal(FirstTick + 6, told.FindIndex(forecast => forecast.Surprise.Moment is not null));
        Assert.Equal((told[^1].Surprise.Overall, true), (told[^1].Surprise.Score[0], float.IsNaN(told[^1].Surprise.Score[1])));
    }

    [Fact]
    public void Look_EverythingTeleports_RaisesOneEventWhileThePastStillDiffers()
    {
        const int Teleport = 20;
        var rig = Rig();
        var forecasts = Run(rig, ticks: 45, Teleport);

        var edges = forecasts.FindAll(forecast => forecast.Edge != AlarmEdge.None);
        Assert.Equal([AlarmEdge.Rising, AlarmEdge.Falling], edges.ConvertAll(forecast => forecast.Edge));
        Assert.Equal(edges[0].Event!.Id, edges[1].Event!.Id);
        Assert.Equal(At(1000 + ((Teleport + M - 1) * 100)), edges[0].Event!.Risen); // the M-th look that is high
        Assert.Equal(Teleport + M, forecasts.IndexOf(edges[0]));                   // said a tick later
        Assert.Equal(Teleport + 10 + N, forecasts.IndexOf(edges[1]));              // a second of looks across the teleport, then N that are quiet
        Assert.InRange(edges[0].Event!.PeakScore, 8, 12);
        Assert.All(forecasts, (forecast, tick) => Assert.Equal(tick is >= Teleport + M and < Teleport + 10 + N, forecast.Surprise.Surprised));
    }

    [Fact]
    public void Look_Surprised_SuspendsTheGuaranteeAndSaysSo()
    {
        var forecasts = Run(Rig(), ticks: 45, teleportAt: 20);

        Assert.Equal((BoundGuarantee.Holds, DegradedReasons.None), (forecasts[22].Guarantee, forecasts[22].Reasons));
        Assert.Equal((BoundGuarantee.Suspended, DegradedReasons.Surprised, Validity.Degraded), (forecasts[23].Guarantee, forecasts[23].Reasons, forecasts[23].Validity));
        Assert.Equal((BoundGuarantee.Holds, DegradedReasons.None), (forecasts[35].Guarantee, forecasts[35].Reasons));
    }

    [Fact]
    public void Look_NotCalibrated_KeepsNoStateAndSaysSo()
    {
        var rig = new JourneyRig();
        var forecasts = Run(rig, ticks: 20, teleportAt: 10);

        Assert.Null(rig.Run.Past);
        Assert.All(forecasts, forecast => Assert.Equal((null, SurpriseGap.NotCalibrated, false), (forecast.Surprise.Moment, forecast.Surprise.Gap, forecast.Surprise.Surprised)));
    }

    [Fact]
    public void Look_TooLittleSlack_IsShedCountedAndSaid()
    {
        // 40 ms are gone when the journey reflects; the next frames may come 60 ms later; 1.1 x 60 + 1 ms do not fit.
        var rig = Rig(lookBack: new LookBackCost(TimeSpan.FromMilliseconds(60)));
        var forecasts = Run(rig, ticks: 20, teleportAt: 10);

        Assert.Empty(rig.Run.Past!.Looks);
        Assert.Equal((null, SurpriseGap.Shed, 6), (forecasts[^1].Surprise.Moment, forecasts[^1].Surprise.Gap, forecasts[^1].Surprise.Shed));
    }

    [Fact]
    public void Look_EnoughSlack_IsNotShed()
    {
        var rig = Rig(lookBack: new LookBackCost(TimeSpan.FromMilliseconds(50)));
        Assert.Equal(0, Run(rig, ticks: 20, teleportAt: 10)[^1].Surprise.Shed);
        Assert.NotEmpty(rig.Run.Past!.Looks);
    }

    [Fact]
    public void Look_Driven_GivesTheControlsThatReallyTookPlace()
    {
        var rig = Rig();
        // From 10 m/s at 2 m/s2, turning left at a curvature of 0.02.
        Run(rig, ticks: 30, teleportAt: int.MaxValue, ms => ((float)(10 + (2 * (ms - 1000) / 1000)), 2));

        var (ego, controls) = rig.Run.Past!.Looks[^1]; // the last look of the last tick: a second back
        Assert.Equal(10 + (2 * (1000 + 2900 - 1000 - 1000) / 1000.0), ego[0], 0.001);
        Assert.Equal(5 * 2, controls.Length);
        for (var k = 0; k < 5; k++)
        {
            Assert.Equal(2, controls[2 * k], 0.01);
            Assert.Equal(0.02, controls[(2 * k) + 1], 0.001);
        }
    }

    [Theory]
    [InlineData(false, SurpriseGap.EgoEstimated)]
    [InlineData(true, SurpriseGap.None)]
    public void Look_MotionEstimated_OnlyWhereCalibratedSo(bool calibrated, SurpriseGap gap)
    {
        var manifest = Manifest();
        var rig = Rig(calibrated ? manifest with { Calibration = manifest.Calibration with { SurpriseEgoEstimated = manifest.Calibration.Surprise } } : manifest);
        rig.Run.Estimate[0] = 6;
        rig.Run.Estimate[1] = 0.3f;
        var last = Run(rig, ticks: 30, teleportAt: int.MaxValue, motion: null)[^1];

        Assert.Equal(gap, last.Surprise.Gap);
        Assert.Equal(calibrated, last.Surprise.Moment is not null);
        Assert.Equal(calibrated ? 0.05 : 0, rig.Run.Past!.Looks.Count > 0 ? rig.Run.Past.Looks[^1].Controls[1] : 0, 0.001); // 0.3 rad/s at 6 m/s
    }

    [Fact]
    public void Look_ModelFailsOnAnEarlierState_SaysSoAndGoesOn()
    {
        var rig = Rig();
        Run(rig, ticks: 20, teleportAt: int.MaxValue);
        rig.Run.Past!.Answers.Enqueue(RunStatus.NotFinite);
        var next = Run(rig, ticks: 3, teleportAt: int.MaxValue);

        Assert.Equal([SurpriseGap.None, SurpriseGap.ModelFailed, SurpriseGap.None], next.ConvertAll(forecast => forecast.Surprise.Gap));
        Assert.Equal(next[0].Surprise.Moment, next[1].Surprise.Moment); // the older score stands, with its age
    }

    [Fact]
    public void Look_AfterAGap_ForgetsTheStatesBeforeIt()
    {
        var rig = Rig();
        Run(rig, ticks: 20, teleportAt: int.MaxValue);
        _ms += 900; // beyond the manifest's largest gap: the state begins anew
        var after = Run(rig, ticks: 16, teleportAt: 0);

        Assert.Equal([SurpriseGap.None, SurpriseGap.WarmingUp, SurpriseGap.WarmingUp, SurpriseGap.WarmingUp, SurpriseGap.NoHistory], after.GetRange(0, 5).ConvertAll(forecast => forecast.Surprise.Gap));
        Assert.All(after, forecast => Assert.False(forecast.Surprise.Surprised)); // the world of before is no forecast of this one
        Assert.Equal(SurpriseGap.None, after[^1].Surprise.Gap);
    }

    /// <summary>At the tick of the teleport the error changes from noise to the difference of two worlds; afterwards it is as large, but no longer changes.</summary>
    [Fact]
    public void Look_AbruptStatistic_SeesTheTickOfTheTeleportAndNoOther()
    {
        var rig = Rig(Abrupt());
        var told = Run(rig, ticks: 30, teleportAt: 20);
        var scores = told.ConvertAll(forecast => forecast.Surprise.Overall);

        Assert.InRange(scores[20], -3, 4);    // what tick 19 was, told by tick 20
        Assert.InRange(scores[21], 50, 500);  // the teleport itself
        Assert.All(scores.GetRange(22, 3), score => Assert.InRange(score, -3, 4)); // as wrong as before it, and no longer new
        Assert.Equal((AlarmEdge.Rising, true), (told[21].Edge, told[21].Surprise.Surprised));
    }

    [Fact]
    public void Look_AbruptStatisticAfterADroppedTick_ComparesOnlySuccessiveOnes()
    {
        var rig = Rig(Abrupt());
        Run(rig, ticks: 20, teleportAt: int.MaxValue);
        _ms += 100;
        var after = Run(rig, ticks: 4, teleportAt: int.MaxValue);

        Assert.Equal([SurpriseGap.None, SurpriseGap.NoHistory, SurpriseGap.None, SurpriseGap.None], after.ConvertAll(forecast => forecast.Surprise.Gap));
    }

    [Fact]
    public void Look_PicturesStandStillWhileTheVehicleDrives_OwnMotionSurprises()
    {
        var rig = Rig(Abrupt(new OwnMotionNorm(3, Centre: 0.5, Width: 0.5)));
        rig.Run.Agreement = [-0.5f];
        var usual = Run(rig, ticks: 20, teleportAt: int.MaxValue)[^1].Surprise;
        rig.Run.Agreement = [-6.5f];
        var told = Run(rig, ticks: 4, teleportAt: int.MaxValue);

        Assert.Equal(0, usual.OwnMotion, 1e-4f);
        Assert.Equal([0f, 4f, 8f, 12f], told.ConvertAll(forecast => (float)Math.Round(forecast.Surprise.OwnMotion, 3))); // the mean over three ticks, told a tick later
        Assert.Equal(12, told[3].Surprise.Overall, 1e-3f);
        Assert.True(told[3].Surprise.Surprised);
    }

    [Fact]
    public void Look_ModelThatSaysNothingOfOwnMotion_HasNoScoreOfIt()
    {
        var rig = Rig(Abrupt(new OwnMotionNorm(3, Centre: 0.5, Width: 0.5)));
        Assert.Equal(float.NaN, Run(rig, ticks: 20, teleportAt: int.MaxValue)[^1].Surprise.OwnMotion);
    }

    [Fact]
    public void Look_AllCamerasButOneLost_LeavesOutWhatTheOthersShowed()
    {
        var rig = Rig(cameras: 4);
        Run(rig, ticks: 20, teleportAt: int.MaxValue);
        for (var camera = 1; camera < 4; camera++)
        {
            rig.Journey.CameraLost(camera);
        }

        var known = new bool[Cells];
        new SightMap(rig.Manifest, rig.Run.LiftValid).Fill([1, 0, 0, 0], known);
        Assert.InRange(known.Count(cell => cell), Cells / 8, Cells * 7 / 8);

        // What becomes of the places that only the lost cameras showed is out of sight, and no surprise.
        SceneForecast? last = null;
        for (var tick = 0; tick < 15; tick++)
        {
            last = Step(rig, teleported: false, Steady, map => Array.ForEach([.. Enumerable.Range(0, Cells).Where(cell => !known[cell])], cell => map[cell] = tick), onlyCamera: 0);
        }

        Assert.Equal(SurpriseGap.None, last!.Surprise.Gap);
        Assert.InRange(last.Surprise.Error[0], 0.01f, 0.03f);
        Assert.InRange(last.Surprise.Overall, -1, 1);
    }

    [Fact]
    public void Tell_NobodyTakesTheForecast_NextOneBringsTheEdge()
    {
        var rig = Rig();
        Run(rig, ticks: 22, teleportAt: 20);
        var held = new List<SceneForecast>();
        while (rig.Parts.Forecasts.TryRent() is { } forecast)
        {
            held.Add(forecast);
        }

        Assert.Null(Step(rig, teleported: true, Steady)); // the look that rises
        Assert.Null(Step(rig, teleported: true, Steady)); // nobody to tell
        held.ForEach(rig.Parts.Forecasts.Return);
        var told = Step(rig, teleported: true, Steady)!;

        Assert.Equal((AlarmEdge.Rising, At(3200)), (told.SurpriseEdge, told.SurpriseEvent!.Risen));
        Assert.Equal(AlarmEdge.None, Step(rig, teleported: true, Steady)!.SurpriseEdge);
    }

    [Fact]
    public void Tell_NoLookForThreeSeconds_TheEventFallsAndTheScoreIsGone()
    {
        var rig = Rig();
        Assert.True(Run(rig, ticks: 26, teleportAt: 20)[^1].Surprise.Surprised);
        var silent = Run(rig, ticks: 40, teleportAt: 0, motion: null); // not calibrated for estimated motion

        var fall = silent.FindIndex(forecast => forecast.Edge == AlarmEdge.Falling);
        Assert.InRange(fall, 29, 33);
        Assert.True(silent[fall - 1].Surprise.Surprised);
        Assert.Equal((null, SurpriseGap.EgoEstimated, false), (silent[^1].Surprise.Moment, silent[^1].Surprise.Gap, silent[^1].Surprise.Surprised));
    }

    [Fact]
    public void Look_AfterWarmUp_AllocatesNothing()
    {
        var rig = Rig();
        Run(rig, ticks: 60, teleportAt: int.MaxValue);
        rig.Run.Past!.Records = false;
        var forecast = Step(rig, teleported: false, Steady, reflect: false)!;

        Assert.Equal(0, SteadyState.Allocated(() => rig.Journey.Reflect(forecast.Dispatched)));
    }

    /// <summary>As this world usually is: z about 0 with a deviation of 1; a teleport is 3.6 of them, the five worst cells are 1.65 above.</summary>
    private static ModelManifest Manifest(int? worstCells = null)
    {
        var manifest = TestManifest.Create();
        SurpriseNorm Norm(double horizon) => TestSurprise.Norm(horizon, worstCells is null ? 0 : FiveWorst, Sd, Cells, cellMean: -4.49f, cellSpread: 1.28f);
        var surprise = new SurpriseCalibration(worstCells, [Norm(0.5), Norm(1)], Threshold: 4, M, N, FalseAlarmsPerHour: 1, MeasuredHours: 1);
        return manifest with { Calibration = manifest.Calibration with { Surprise = surprise } };
    }

    private static ModelManifest Abrupt(OwnMotionNorm? own = null)
    {
        var manifest = TestManifest.Create();
        var norm = TestSurprise.Norm(0.5, mean: 2.5, sd: 1, Cells, cellMean: 0.04f, cellSpread: 0.05f); // the worst cells of noise lie 2 to 4 spreads above its mean
        var surprise = new SurpriseCalibration(5, [norm], Threshold: 5, M: 1, N, FalseAlarmsPerHour: 1, MeasuredHours: 1, own, Abrupt: true);
        return manifest with { Calibration = manifest.Calibration with { Surprise = surprise } };
    }

    private static JourneyRig Rig(ModelManifest? manifest = null, int cameras = 2, LookBackCost? lookBack = null) =>
        new(cameras, manifest: manifest ?? Manifest(), lookBack: lookBack);

    private static (float Speed, float Acceleration) Steady(double ms) => (10, 0);

    private List<Told> Run(JourneyRig rig, int ticks, int teleportAt) => Run(rig, ticks, teleportAt, Steady);

    private List<Told> Run(JourneyRig rig, int ticks, int teleportAt, Func<double, (float Speed, float Acceleration)>? motion)
    {
        var told = new List<Told>();
        for (var tick = 0; tick < ticks; tick++)
        {
            var forecast = Step(rig, tick >= teleportAt, motion)!;
            var reading = new SurpriseReading(rig.Manifest.HorizonsS);
            reading.CopyFrom(forecast.Surprise);
            told.Add(new Told(forecast.SurpriseEdge, forecast.SurpriseEvent, reading, forecast.Guarantee, forecast.Reasons, forecast.Validity));
        }

        return told;
    }

    /// <summary>One tick; null where nobody could take its forecast.</summary>
    /// <param name="motion">Speed and acceleration at a time, on a curvature of 0.02; null: there is no log.</param>
    /// <param name="edit">What else becomes of the first channel of the observed map.</param>
    private SceneForecast? Step(
        JourneyRig rig, bool teleported, Func<double, (float Speed, float Acceleration)>? motion, Action<float[]>? edit = null, int? onlyCamera = null, bool reflect = true)
    {
        for (var before = 50; motion is not null && before >= 0; before -= 50)
        {
            var (speed, acceleration) = motion(_ms - before);
            rig.Parts.Motion.OnEgo(new EgoSample(At(_ms - before), At(_ms - before), speed, speed * 0.02f, acceleration));
        }

        var scene = new Random(teleported ? 2 : 1);
        for (var i = 0; i < rig.Run.ObservedMap.Length; i++)
        {
            rig.Run.ObservedMap[i] = (float)(Gauss(scene) + (0.1 * Gauss(_random)));
        }

        edit?.Invoke(rig.Run.ObservedMap);
        for (var camera = 0; camera < rig.Rig.Cameras.Count; camera++)
        {
            if (camera == (onlyCamera ?? camera))
            {
                rig.Offer(camera, _ms);
            }
        }

        var forecast = rig.Journey.TryTravel(At(_ms + 5));
        if (forecast is not null)
        {
            rig.Parts.Forecasts.Return(forecast);
        }

        if (reflect)
        {
            rig.Journey.Reflect(At(_ms + 40));
        }

        _ms += 100;
        return forecast;
    }

    private static double Gauss(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>What a forecast told, as it was then: the forecast itself is used again.</summary>
    private sealed record Told(AlarmEdge Edge, SurpriseEvent? Event, SurpriseReading Surprise, BoundGuarantee Guarantee, DegradedReasons Reasons, Validity Validity);
}
