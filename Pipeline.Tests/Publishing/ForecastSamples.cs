using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>A small model, a rig of three cameras, and forecasts filled from a seed, absent values among them.</summary>
internal static class ForecastSamples
{
    public static readonly Guid Session = Guid.Parse("6f1f6c1e-9d2b-4b8e-a3a5-0e6f3a1b2c3d");

    public static MessageIdentity Identity { get; } = new("test-vehicle \"ü\"", Session, SourceKind.Demo, "drive", "cpu", new string('c', 64), "0.1.0");

    public static MessageStamp Stamp { get; } = new(7, new Timestamp(5_080_000_000));

    public static ModelManifest Manifest { get; } = new(
        "nano", "0.1.0", new string('a', 64), "Apache-2.0", "drives that were drawn for this test", "forecast-sim/1", 128, 64, 1, 6,
        TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.7), TimeSpan.FromSeconds(1), [0.5, 1, 2, 3, 4], "footprint-overlap-v1",
        [.. Enumerable.Range(0, 16).Select(i => new ManoeuvreCandidate(i == 0 ? "intended" : $"candidate_{i}", i == 0 ? null : [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]))],
        [0, 2, 3, 4, 5, 6, 9, 10], new OccupancyGrid(-24, -32, 2, 48, 32), [0.2, 1, 2], ["vehicle", "cycle", "person"],
        new ModelShapes([32, 48, 32], [8, 12, 8], 64), [new CostEntry(1, 16, TimeSpan.FromMilliseconds(20))],
        new ModelCalibration([], [], new UpperBoundTable("binned", 0.1, 512, [], [])),
        new RiskLevels(2, new Hysteresis(0.2, 0.1), new Hysteresis(0.5, 0.3), 3, 5),
        [new SkillFigure("occupancy_iou_now", 0.31, 0.29, 0.33, 0.05, ">= 0.25", true), new SkillFigure("ece", 0.02, 0.01, 0.03, null, null, null)]);

    public static Rig Rig { get; } = RigOf("front", "left", "right");

    public static Rig RigOf(params string[] cameras) => new(
        "three", false, "measured for this test", new VehicleOutline(4.6, 1.85, 0.95), TimeSpan.FromSeconds(0.05),
        [.. cameras.Select((name, i) => new CameraCalibration(
            name, 256, 128, 10, new Intrinsics(182, 182, 128, 64),
            i == 0 ? Distortion.None : new Distortion(DistortionModel.Fisheye, [0.1, 0.01, 0, 0]),
            new RigidTransform(0.5, -0.5, 0.5, -0.5, 1.6, 0, 1.5),
            new StampQuality(StampOrigin.Driver, i == 0 ? TimeSpan.FromSeconds(0.01) : null, TimeSpan.FromSeconds(0.005))))]);

    /// <summary>Valid, on time, every value there.</summary>
    public static SceneForecast Complete(int seed = 1)
    {
        var random = new Random(seed);
        var forecast = new SceneForecast(Manifest, Rig, 16)
        {
            Tick = 42, CaptureFirst = new(5_000_000_000), CaptureLast = new(5_010_000_000), Reference = new(5_010_000_000), Deadline = new(5_100_000_000),
            Dispatched = new(5_030_000_000), Judged = new(5_070_000_000), ValidUntil = new(5_300_000_000), Validity = Validity.Valid, Manoeuvres = 16,
            NewestEgoStamp = new Timestamp(1_234_567_890_123), EgoHeld = TimeSpan.FromMilliseconds(4), EgoOrigin = EgoOrigin.Measured, Given = PlanOrigin.Keep,
            Speed = 13.5f, YawRate = 0, Acceleration = -0.25f, Guarantee = BoundGuarantee.Holds, Level = RiskLevel.High, TimeToCollisionS = 1.75f,
            Sector = Sector.FrontLeft, HazardCamera = 1, Margin = 0.125f,
            Alarm = new AlarmEvent(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), new Timestamp(4_900_000_000)) { PeakProbability = 0.875f }, Edge = AlarmEdge.Rising,
            SurpriseEvent = new SurpriseEvent(Guid.Parse("8899aabb-4455-6677-0011-ccddeeff2233"), new Timestamp(4_810_000_000)) { PeakScore = 5.5f }, SurpriseEdge = AlarmEdge.Rising,
            SeenBefore = new SeenBefore(SeenBeforeGap.None, 0.875f, 500, 3, 1, 0.25f, "dríve 7", new Timestamp(77), 0.5f, true, true),
        };
        FillSurprise(forecast.Surprise);
        for (var i = 0; i < forecast.Cameras.Length; i++)
        {
            forecast.Cameras[i] = new CameraUse(true, 100 + i, new Timestamp(5_000_000_000 + (i * 5_000_000)), MissingReason.None);
        }

        for (var k = 0; k < forecast.Horizons; k++)
        {
            forecast.EgoPath[k] = new Pose2(k * 6.5f, k * -0.125f, 0);
        }

        FillOccupancy(forecast, random);
        foreach (var values in new[] { forecast.PredictedChange, forecast.Uncertainty, forecast.RollingSkill, forecast.Probability, forecast.UpperBound, forecast.Controls, forecast.Comfort, forecast.Progress })
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = random.NextSingle();
            }
        }

        for (var row = 0; row < 16; row++)
        {
            forecast.InSupport[row] = row % 3 != 0;
            forecast.Ranking[row] = 15 - row;
            forecast.CandidateIndex[row] = row;
        }

        return forecast;
    }

    /// <summary>Anything that can happen, reproducibly: absent values, missing cameras, fewer manoeuvres, every enum.</summary>
    public static SceneForecast Any(int seed)
    {
        var random = new Random(seed);
        var forecast = Complete(seed);
        forecast.Tick = random.NextInt64(0, long.MaxValue);
        forecast.Manoeuvres = random.Next(4) switch { 0 => 0, 1 => 1, 2 => 8, _ => 16 };
        forecast.Deadline = new Timestamp(random.Next(2) == 0 ? 5_100_000_000 : 5_050_000_000);
        forecast.ValidUntil = new Timestamp(random.Next(4) == 0 ? 5_060_000_000 : 5_300_000_000);
        forecast.Validity = Pick<Validity>(random);
        forecast.Reasons = (DegradedReasons)random.Next(1 << 11);
        forecast.SurpriseEdge = Pick<AlarmEdge>(random);
        forecast.SurpriseEvent = random.Next(2) == 0 ? null : new SurpriseEvent(Guid.NewGuid(), new Timestamp(random.NextInt64())) { PeakScore = Odd(random) };
        forecast.SeenBefore = random.Next(3) switch
        {
            0 => SeenBefore.Nothing((SeenBeforeGap)random.Next(1, 5), isNew: random.Next(2) == 0),
            1 => forecast.SeenBefore with { Alike = -1, Events = 0, MeanRiskPeak = float.NaN, NearestDrive = "" },
            _ => forecast.SeenBefore with { Alike = random.Next(3), MeanRiskPeak = Odd(random), NearestRiskPeak = Odd(random), NearestDrive = new string('\u00fc', random.Next(400)), IsNew = false },
        };
        forecast.Surprise.Gap = Pick<SurpriseGap>(random);
        forecast.Surprise.Moment = random.Next(2) == 0 ? null : forecast.Surprise.Moment;
        forecast.Surprise.Error[random.Next(2)] = Odd(random);
        forecast.Surprise.Score[random.Next(2)] = Odd(random);
        forecast.Surprise.OwnMotion = Odd(random);
        forecast.EgoOrigin = Pick<EgoOrigin>(random);
        forecast.Given = Pick<PlanOrigin>(random);
        forecast.Guarantee = Pick<BoundGuarantee>(random);
        forecast.Level = Pick<RiskLevel>(random);
        forecast.Sector = Pick<Sector>(random);
        forecast.Edge = Pick<AlarmEdge>(random);
        forecast.Alarm = random.Next(2) == 0 ? null : new AlarmEvent(Guid.NewGuid(), new Timestamp(random.NextInt64())) { PeakProbability = Odd(random) };
        forecast.NewestEgoStamp = random.Next(2) == 0 ? null : new Timestamp(random.NextInt64(long.MinValue, long.MaxValue));
        forecast.HazardCamera = random.Next(-1, 3);
        forecast.Tie = random.Next(2) == 0;
        forecast.TimeToCollisionS = Odd(random);
        forecast.Margin = Odd(random);
        forecast.Speed = Odd(random);
        forecast.EgoPath[random.Next(5)] = new Pose2(Odd(random), Odd(random), Odd(random));
        forecast.Cameras[random.Next(3)] = new CameraUse(false, -1, default, Pick<MissingReason>(random));
        foreach (var values in new[] { forecast.PredictedChange, forecast.Uncertainty, forecast.RollingSkill, forecast.Probability, forecast.UpperBound, forecast.Controls, forecast.Comfort, forecast.Progress })
        {
            values[random.Next(values.Length)] = Odd(random);
            values[random.Next(values.Length)] = Odd(random);
        }

        return forecast;
    }

    /// <summary>Scored 0.2 s before, at both horizons; the look after that one was shed.</summary>
    private static void FillSurprise(SurpriseReading surprise)
    {
        (surprise.Gap, surprise.Moment, surprise.Overall, surprise.Threshold, surprise.Surprised, surprise.Shed) = (SurpriseGap.Shed, new Timestamp(4_810_000_000), 5.5f, 3.25f, true, 4);
        surprise.OwnMotion = 1.5f;
        (surprise.Error[0], surprise.Error[1], surprise.Score[0], surprise.Score[1]) = (0.75f, 0.5f, 5.5f, -0.25f);
    }

    public static HealthReport Health(Rig? rig = null)
    {
        var report = new HealthReport(rig ?? Rig) { State = HealthState.Degraded, Provider = "cpu", BrokerConnected = false, FrameQueue = 0, PublishQueue = 2, WallClockOffset = TimeSpan.FromMilliseconds(-1.5) };
        report.Reasons.Add("camera_lost:front");
        report.Cameras[0].State = MissingReason.Lost;
        report.Cameras[1].RateHz = 9.875f;
        report.Cameras[1].AgeS = 0.0625f;
        report.Cameras[1].SkewS = -0.015625f;
        var ledger = new Ledger(report.Cameras.Length);
        for (var i = 0; i < 5; i++)
        {
            ledger.TickDue();
            ledger.FrameCaptured(1);
            ledger.SetFormed();
        }

        ledger.FrameUsed(1);
        ledger.FrameDropped(1, DropReason.PoolEmpty);
        ledger.SetPublished(validAndOnTime: true);
        ledger.SetPublished(validAndOnTime: false);
        ledger.SetDropped(DropReason.SinkBusy);
        ledger.CopyTo(report.Ledger);
        return report;
    }

    public static LatencyReport Latency()
    {
        var report = new LatencyReport { Window = TimeSpan.FromSeconds(1), Budget = TimeSpan.FromMilliseconds(100), CaptureToPublish = new LatencyFigures(10, 40, 45, 50, 62.5), CriticalStage = Stage.Encode, CriticalCamera = 2 };
        report.Stages[(int)Stage.Encode] = new LatencyFigures(10, 20, 21, 22, 25);
        return report;
    }

    private static void FillOccupancy(SceneForecast forecast, Random random)
    {
        for (var i = 0; i < forecast.Occupancy.Length; i++)
        {
            forecast.Occupancy[i] = (byte)random.Next(4);
        }

        for (var blob = 0; blob < 30; blob++)
        {
            var centre = random.Next(forecast.Occupancy.Length - 200);
            for (var i = 0; i < 6; i++)
            {
                forecast.Occupancy[centre + (i % 3) + (i / 3 * 32)] = (byte)random.Next(100, 256);
            }
        }
    }

    private static T Pick<T>(Random random)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        return values[random.Next(values.Length)];
    }

    private static float Odd(Random random) => random.Next(6) switch
    {
        0 => float.NaN,
        1 => float.PositiveInfinity,
        2 => 0,
        3 => float.Epsilon,
        4 => -1e30f,
        _ => random.NextSingle(),
    };
}
