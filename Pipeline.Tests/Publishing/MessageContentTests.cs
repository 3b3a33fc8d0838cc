using System.IO.Compression;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>What each message says of a forecast and of a report, value by value.</summary>
public sealed class MessageContentTests
{
    [Fact]
    public void Risk_OfACompleteForecast_SaysExactlyItsValues()
    {
        var forecast = ForecastSamples.Complete();
        using var encoder = Encoder();
        var risk = Proto.Risk.Parser.ParseFrom(encoder.Risk(forecast, ForecastSamples.Stamp));
        Assert.Equal(Proto.Given.Keep, risk.Given);
        Assert.Equal("footprint-overlap-v1", risk.CollisionDefinition);
        Assert.Equal(new double[] { 0.5, 1, 2, 3, 4 }, risk.Horizons.Select(horizon => horizon.HorizonS));
        Assert.Equal(forecast.Probability[..5], risk.Horizons.Select(horizon => horizon.Probability));
        Assert.Equal(forecast.UpperBound, risk.Horizons.Select(horizon => horizon.UpperBound));
        Assert.Equal(new Proto.Bound { Method = "binned", Alpha = 0.1, N = 512, Guarantee = Proto.Guarantee.Holds }, risk.Bound);
        Assert.Equal(Proto.RiskLevel.High, risk.Level);
        Assert.Equal(new Proto.Alarm { EventId = "00112233-4455-6677-8899-aabbccddeeff", RisenNs = 4_900_000_000, PeakProbability = 0.875f }, risk.Alarm);
        Assert.Equal(1.75f, risk.TimeToCollisionS);
        Assert.Equal(Proto.Sector.FrontLeft, risk.Sector);
        Assert.Equal("left", risk.Camera);
    }

    [Fact]
    public void Scene_OfASurprisedForecast_SaysTheScoreItsAgeAndWhyThereIsNoNewerOne()
    {
        using var encoder = Encoder();
        var scene = Proto.Scene.Parser.ParseFrom(encoder.Scene(ForecastSamples.Complete(), ForecastSamples.Stamp));
        var expected = new Proto.Surprise
        {
            Score = 5.5f, AgeS = 0.2, Threshold = 3.25f, Surprised = true, NewerMissing = "shed", Shed = 4, OwnMotion = 1.5f,
            Horizons = { new Proto.SurpriseHorizon { HorizonS = 0.5, Error = 0.75f, Score = 5.5f }, new Proto.SurpriseHorizon { HorizonS = 1, Error = 0.5f, Score = -0.25f } },
        };
        Assert.Equal(expected, scene.Surprise);
        var surprise = Proto.SurpriseEvent.Parser.ParseFrom(encoder.SurpriseEvent(ForecastSamples.Complete(), ForecastSamples.Stamp));
        Assert.Equal((Proto.Edge.Rising, "8899aabb-4455-6677-0011-ccddeeff2233", 4_810_000_000, 5.5f), (surprise.Edge, surprise.EventId, surprise.RisenNs, surprise.PeakScore));
        Assert.Equal(expected, surprise.Surprise);
    }

    [Fact]
    public void Scene_SeenBefore_SaysHowAlikeHowManyAndWhatFollowed()
    {
        using var encoder = Encoder();
        var scene = Proto.Scene.Parser.ParseFrom(encoder.Scene(ForecastSamples.Complete(), ForecastSamples.Stamp));
        var expected = new Proto.SeenBefore
        {
            Similarity = 0.875f, Kept = 500, Count = 3, RiskEvents = 1, MeanRiskPeak = 0.25f, IsNew = true,
            Nearest = new Proto.PastScene { Drive = "dríve 7", TimeNs = 77, RiskPeak = 0.5f, RiskEvent = true },
        };
        Assert.Equal(expected, scene.SeenBefore);
    }

    [Theory]
    [InlineData(SurpriseGap.NotCalibrated, "not_calibrated")]
    [InlineData(SurpriseGap.Shed, "shed")]
    [InlineData(SurpriseGap.TooLittleToCompare, "too_little_to_compare")]
    public void Scene_WithoutAScore_SaysWhy(SurpriseGap gap, string reason)
    {
        var forecast = ForecastSamples.Complete();
        forecast.Surprise.Clear();
        forecast.Surprise.Gap = gap;
        using var encoder = Encoder();
        var scene = Proto.Scene.Parser.ParseFrom(encoder.Scene(forecast, ForecastSamples.Stamp));
        Assert.Null(scene.Surprise);
        Assert.Equal(reason, scene.SurpriseReason);
    }

    [Fact]
    public void Envelope_OfACompleteForecast_SaysExactlyItsValues()
    {
        using var encoder = Encoder();
        var envelope = Proto.Plan.Parser.ParseFrom(encoder.Plan(ForecastSamples.Complete(), ForecastSamples.Stamp)).Envelope;
        var expected = new Proto.Envelope
        {
            Schema = "forecast.v1", SchemaRevision = 3, Vehicle = "test-vehicle \"ü\"", Session = ForecastSamples.Session.ToString(), Sequence = 7, Source = Proto.Source.Demo,
            TraceId = envelope.TraceId, Clock = "drive", PublishTimeNs = 5_080_000_000, ValidUntilNs = 5_300_000_000, TtlMs = 220, Validity = Proto.Validity.Valid,
            Model = "nano", ModelSha256 = new string('a', 64), Provider = "cpu", ConfigSha256 = new string('c', 64),
            FrameSet = new Proto.FrameSet
            {
                Tick = 42, CaptureFirstNs = 5_000_000_000, CaptureLastNs = 5_010_000_000, ReferenceTimeNs = 5_010_000_000, AgeMs = 80, DeadlineNs = 5_100_000_000,
                DeadlineMet = true, NewestEgoStampNs = 1_234_567_890_123, EgoHeldMs = 54, EgoOrigin = Proto.EgoOrigin.Measured, Rung = 16,
                CamerasUsed =
                {
                    new Proto.CameraUsed { Name = "front", Frame = 100, CaptureTimeNs = 5_000_000_000 },
                    new Proto.CameraUsed { Name = "left", Frame = 101, CaptureTimeNs = 5_005_000_000 },
                    new Proto.CameraUsed { Name = "right", Frame = 102, CaptureTimeNs = 5_010_000_000 },
                },
            },
        };
        Assert.Equal(expected, envelope);
        Assert.Matches("^[0-9a-f]{32}$", envelope.TraceId);
    }

    [Fact]
    public void Scene_OfACompleteForecast_CarriesEachMapAsZlib()
    {
        var forecast = ForecastSamples.Complete();
        using var encoder = Encoder();
        var scene = Proto.Scene.Parser.ParseFrom(encoder.Scene(forecast, ForecastSamples.Stamp));
        var maps = scene.Horizons.Select(horizon => horizon.Occupancy).Prepend(scene.OccupancyNow).SelectMany(map => Inflate(map.Zlib.ToByteArray()));
        Assert.Equal(forecast.Occupancy, maps);
        Assert.Equal(forecast.EgoPath.Select(pose => new Proto.Pose { XM = pose.X, YM = pose.Y, YawRad = pose.Yaw }), scene.Horizons.Select(horizon => horizon.Ego));
        Assert.Equal(forecast.RollingSkill, scene.Horizons.Select(horizon => horizon.RollingSkill));
        Assert.Equal(forecast.PredictedChange, scene.Horizons.Select(horizon => horizon.PredictedChange));
        Assert.Equal(forecast.Uncertainty, scene.Horizons.Select(horizon => horizon.Uncertainty));
        Assert.Equal(new Proto.Grid { OriginXM = -24, OriginYM = -32, ResolutionM = 2, SizeX = 48, SizeY = 32 }, scene.Grid);
        Assert.Equal(["vehicle", "cycle", "person"], scene.OccupancyClasses);
        Assert.Equal(13.5f, scene.SpeedMps);
    }

    [Fact]
    public void Plan_OfACompleteForecast_SaysExactlyItsValues()
    {
        var forecast = ForecastSamples.Complete();
        using var encoder = Encoder();
        var plan = Proto.Plan.Parser.ParseFrom(encoder.Plan(forecast, ForecastSamples.Stamp));
        Assert.Equal(16, plan.Manoeuvres.Count);
        for (var row = 0; row < 16; row++)
        {
            var manoeuvre = plan.Manoeuvres[row];
            Assert.Equal(ForecastSamples.Manifest.Candidates[row].Name, manoeuvre.Name);
            Assert.Equal(forecast.Probability[(row * 5)..((row * 5) + 5)], manoeuvre.Probabilities);
            Assert.Equal(Enumerable.Range(0, 5).Select(k => forecast.Controls[((row * 5) + k) * 2]), manoeuvre.AccelerationsMps2);
            Assert.Equal(Enumerable.Range(0, 5).Select(k => forecast.Controls[(((row * 5) + k) * 2) + 1]), manoeuvre.Curvatures1Pm);
            Assert.Equal(Enumerable.Range(0, 5).Select(k => forecast.Probability[(row * 5) + k] - forecast.Probability[k]), manoeuvre.Differences);
            Assert.Equal((forecast.Comfort[row], forecast.Progress[row], forecast.InSupport[row]), (manoeuvre.ComfortMps2, manoeuvre.ProgressM, manoeuvre.InSupport));
        }

        Assert.Equal(Enumerable.Range(0, 16).Select(row => (uint)(15 - row)), plan.Ranking);
        Assert.Equal((0.125f, false, 15u), (plan.Margin, plan.Tie, plan.Best));
    }

    [Fact]
    public void Plan_WithinTheNoise_NamesNoBest()
    {
        var forecast = ForecastSamples.Complete();
        forecast.Tie = true;
        using var encoder = Encoder();
        var plan = Proto.Plan.Parser.ParseFrom(encoder.Plan(forecast, ForecastSamples.Stamp));
        Assert.False(plan.HasBest);
        Assert.Equal("tie", plan.BestReason);
    }

    [Theory]
    [InlineData(5_100_000_000, Proto.Validity.Valid, true, "")]
    [InlineData(5_100_000_001, Proto.Validity.Stale, false, "deadline_missed")]
    [InlineData(5_300_000_001, Proto.Validity.Stale, false, "deadline_missed,expired")]
    public void Risk_SentLate_IsNeverValidAfterItsDeadline(long publishedAt, Proto.Validity validity, bool met, string reasons)
    {
        using var encoder = Encoder();
        var envelope = Proto.Risk.Parser.ParseFrom(encoder.Risk(ForecastSamples.Complete(), new MessageStamp(0, new Timestamp(publishedAt)))).Envelope;
        Assert.Equal((validity, met, reasons), (envelope.Validity, envelope.FrameSet.DeadlineMet, string.Join(',', envelope.ValidityReasons)));
    }

    [Fact]
    public void Risk_ThatIsNotKnown_IsNeverLow()
    {
        using var encoder = Encoder();
        var seenLow = 0;
        for (var seed = 0; seed < 600; seed++)
        {
            var forecast = ForecastSamples.Any(seed);
            var risk = Proto.Risk.Parser.ParseFrom(encoder.Risk(forecast, ForecastSamples.Stamp));
            if (risk.Level == Proto.RiskLevel.Low)
            {
                seenLow++;
                Assert.Equal(RiskLevel.Low, forecast.Level);
                Assert.Contains(risk.Envelope.Validity, new[] { Proto.Validity.Valid, Proto.Validity.Degraded });
                Assert.All(risk.Horizons, horizon => Assert.True(horizon.HasProbability));
            }
        }

        Assert.NotEqual(0, seenLow);
    }

    [Fact]
    public void Health_OfAReport_CountsWhatWasDroppedAndWhatIsUnderWay()
    {
        using var encoder = Encoder();
        var health = Proto.Health.Parser.ParseFrom(encoder.Health(ForecastSamples.Health(), ForecastSamples.Stamp));
        var expected = new Proto.CameraHealth
        {
            Name = "left", State = Proto.CameraState.Ok, RateHz = 9.875f, AgeS = 0.0625f, SkewS = -0.015625f, Captured = 5, Used = 1, InFlight = 3,
            Dropped = { new Proto.DropCount { Reason = "pool_empty", Count = 1 } },
        };
        Assert.Equal(expected, health.Cameras[1]);
        Assert.Equal((Proto.CameraState.Lost, "no_frame_yet"), (health.Cameras[0].State, health.Cameras[0].AgeSReason));
        Assert.Equal(new Proto.SetCounts { Due = 5, Formed = 5, Published = 2, OnTime = 1, InFlight = 2, Dropped = { new Proto.DropCount { Reason = "sink_busy", Count = 1 } } }, health.FrameSets);
        Assert.Equal(["camera_lost:front"], health.Reasons);
        Assert.Equal(-1.5, health.WallClockOffsetMs);
    }

    [Fact]
    public void Latency_OfAReport_NamesTheCriticalStageAndCamera()
    {
        using var encoder = Encoder();
        var latency = Proto.Latency.Parser.ParseFrom(encoder.Latency(ForecastSamples.Latency(), ForecastSamples.Stamp));
        Assert.Equal(("encode", "right"), (latency.CriticalStage, latency.CriticalCamera));
        Assert.Equal(Enum.GetNames<Stage>().Select(name => name.ToLowerInvariant()), latency.Stages.Select(stage => stage.Stage));
        Assert.Equal(new Proto.LatencyFigures { Count = 10, P50Ms = 20, P99Ms = 22, MaxMs = 25 }, latency.Stages[(int)Stage.Encode].Figures);
        Assert.Equal("nothing_measured", latency.Stages[0].Figures.P99MsReason);
    }

    private static ForecastEncoder Encoder() => new(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, MessageEncoding.Protobuf);

    private static byte[] Inflate(byte[] stream)
    {
        using var inflated = new MemoryStream();
        using var zlib = new ZLibStream(new MemoryStream(stream), CompressionMode.Decompress);
        zlib.CopyTo(inflated);
        return inflated.ToArray();
    }
}
