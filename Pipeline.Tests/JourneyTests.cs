using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests;

public sealed class JourneyTests
{
    [Fact]
    public void TryTravel_WholeSet_GivesAForecastAndEverySlotBack()
    {
        var rig = new JourneyRig();
        rig.Parts.Motion.OnEgo(new EgoSample(At(990), At(991), 10, 0.1f, 1));

        var forecast = rig.Tick(1000);

        Assert.NotNull(forecast);
        Assert.Equal(0, rig.SlotsOut);
        Assert.Equal(16, forecast.Manoeuvres);
        Assert.Equal(At(1100), forecast.Deadline);
        Assert.Equal(EgoOrigin.Extrapolated, forecast.EgoOrigin);
        Assert.Equal(10.01f, forecast.Speed, 3);
        Assert.Equal(PlanOrigin.Keep, forecast.Given);
        Assert.Equal(1, rig.Run.Commits);
    }

    [Fact]
    public void TryTravel_HistoryNotFull_IsDegradedWarmingUpThenValid()
    {
        var rig = new JourneyRig();
        var reasons = new List<DegradedReasons>();
        for (var tick = 0; tick < 5; tick++)
        {
            rig.Parts.Motion.OnEgo(new EgoSample(At(1000 + (tick * 100)), At(1000 + (tick * 100)), 10, 0, 0));
            reasons.Add(rig.TickAndReturn(1000 + (tick * 100)).Reasons);
        }

        Assert.Equal([DegradedReasons.WarmingUp, DegradedReasons.WarmingUp, DegradedReasons.WarmingUp, DegradedReasons.None, DegradedReasons.None], reasons);
    }

    [Fact]
    public void TryTravel_NoEgoLog_UsesTheModelsEstimateAndSaysSo()
    {
        var rig = new JourneyRig();
        rig.Run.Estimate[0] = 7;

        var forecast = rig.TickAndReturn(1000);

        Assert.Equal(EgoOrigin.Estimated, forecast.EgoOrigin);
        Assert.True(forecast.Reasons.HasFlag(DegradedReasons.EgoEstimated));
        Assert.Equal(7, forecast.Speed);
        Assert.Equal(7, rig.Run.Ego[0]);
        Assert.Equal(0, rig.Run.EgoMotions[0][5]);
    }

    [Fact]
    public void TryTravel_TooLate_DropsStaleWithoutRunning()
    {
        var rig = new JourneyRig(costs: [TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(10)]);
        rig.OfferAll(1000);

        Assert.Null(rig.Journey.TryTravel(At(1095)));

        Assert.Equal(1, rig.Ledger.SetDrops[(int)DropReason.Stale]);
        Assert.Empty(rig.Run.Imagined);
        Assert.Equal(0, rig.SlotsOut);
        Assert.All(rig.Ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
    }

    [Theory]
    [InlineData(5, 16)]
    [InlineData(70, 8)]
    [InlineData(80, 1)]
    public void TryTravel_LessSlack_TakesALowerRung(double lateMs, int manoeuvres)
    {
        var rig = new JourneyRig(costs: [TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(10)]);

        var forecast = rig.Tick(1000, lateMs);

        Assert.Equal(manoeuvres, forecast!.Manoeuvres);
        Assert.Equal(manoeuvres < 16, forecast.Reasons.HasFlag(DegradedReasons.FewerManoeuvres));
    }

    [Fact]
    public void TryTravel_TwoSetsWaiting_TakesTheNewestAndCountsTheOther()
    {
        var rig = new JourneyRig();
        rig.OfferAll(1000);
        rig.OfferAll(1100);

        var forecast = rig.Journey.TryTravel(At(1105));

        Assert.Equal(At(1100), forecast!.Reference);
        Assert.Equal(1, rig.Ledger.SetDrops[(int)DropReason.Superseded]);
        Assert.Equal(0, rig.SlotsOut);
    }

    [Fact]
    public void TryTravel_NotFiniteOnce_KeepsTheOldStateThenGoesOn()
    {
        var rig = new JourneyRig();
        rig.TickAndReturn(1000);
        rig.Run.RememberAnswers.Enqueue(RunStatus.NotFinite);

        Assert.Null(rig.Tick(1100));
        Assert.Equal((1, 0), (rig.Run.Commits, rig.Run.Resets));
        Assert.Equal(1, rig.Ledger.SetDrops[(int)DropReason.ModelFailed]);

        rig.TickAndReturn(1200);
        Assert.Equal(0.2f, rig.Run.Elapsed[^1], 3); // since the last COMMITTED state
        Assert.Equal((2, 0), (rig.Run.Commits, rig.Run.Resets));
    }

    [Fact]
    public void TryTravel_FailsTwice_StartsFromTheInitialStateWarmingUp()
    {
        var rig = new JourneyRig();
        for (var tick = 0; tick < 5; tick++)
        {
            rig.TickAndReturn(1000 + (tick * 100));
        }

        rig.Run.EncodeAnswers.Enqueue(RunStatus.Failed);
        rig.Run.ImagineAnswers.Enqueue(RunStatus.NotFinite);
        Assert.Null(rig.Tick(1500));
        Assert.Null(rig.Tick(1600));

        Assert.Equal(1, rig.Run.Resets);
        Assert.True(rig.TickAndReturn(1700).Reasons.HasFlag(DegradedReasons.WarmingUp));
        Assert.Equal(0, rig.Run.Elapsed[^1]);
    }

    [Fact]
    public void TryTravel_GapBeyondTheManifests_ResetsTheState()
    {
        var rig = new JourneyRig();
        rig.TickAndReturn(1000);
        rig.TickAndReturn(1600);
        Assert.Equal(0, rig.Run.Resets);
        rig.TickAndReturn(2400);
        Assert.Equal(1, rig.Run.Resets);
    }

    [Fact]
    public void TryTravel_MissingCamera_IsMaskedAndNamedAndItsPictureNotCopied()
    {
        var rig = new JourneyRig();
        rig.Journey.CameraLost(1);
        rig.Offer(0, 1000);

        var forecast = rig.Journey.TryTravel(At(1001));

        Assert.Equal(MissingReason.Lost, forecast!.Cameras[1].Missing);
        Assert.True(forecast.Reasons.HasFlag(DegradedReasons.CameraMissing));
        Assert.Equal([1f, 0f], rig.Run.CameraMask.ToArray());
        Assert.All(rig.Run.Images[24..].ToArray(), pixel => Assert.Equal(0, pixel));
    }

    [Fact]
    public void TryTravel_NobodyGivesForecastsBack_RemembersAllTheSameAndDropsSinkBusy()
    {
        var rig = new JourneyRig();
        for (var tick = 0; tick < 4; tick++)
        {
            Assert.NotNull(rig.Tick(1000 + (tick * 100)));
        }

        Assert.Null(rig.Tick(1400));
        Assert.Equal(5, rig.Run.Commits);
        Assert.Equal(1, rig.Ledger.SetDrops[(int)DropReason.SinkBusy]);
    }

    [Fact]
    public void TryTravel_HazardForThreeTicks_RaisesOneAlarmAndLowersIt()
    {
        var rig = new JourneyRig();
        var edges = new List<(AlarmEdge Edge, Guid? Id)>();
        for (var tick = 0; tick < 20; tick++)
        {
            Array.Fill(rig.Run.Hazards, tick is >= 5 and < 10 ? 3 : -8);
            var forecast = rig.TickAndReturn(1000 + (tick * 100));
            if (forecast.Edge != AlarmEdge.None)
            {
                edges.Add((forecast.Edge, forecast.Alarm?.Id));
            }
        }

        Assert.Equal([AlarmEdge.Rising, AlarmEdge.Falling], edges.Select(edge => edge.Edge));
        Assert.Equal(edges[0].Id, edges[1].Id);
    }

    [Fact]
    public void TryTravel_PlanArrived_IsGivenAndImaginedFirst()
    {
        var rig = new JourneyRig();
        rig.Parts.Motion.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, 0));
        rig.Parts.Motion.OnPlan(new PlanSample(At(990), At(995), [-1, -2, -3, -4, -5], [0.01f, 0.02f, 0.03f, 0.04f, 0.05f]));

        var forecast = rig.TickAndReturn(1000);

        Assert.Equal(PlanOrigin.Plan, forecast.Given);
        Assert.Equal([-1f, 0.01f, -2f, 0.02f, -3f, 0.03f, -4f, 0.04f, -5f, 0.05f], rig.Run.Manoeuvres[..10].ToArray());
        rig.Parts.Motion.OnEgo(new EgoSample(At(1600), At(1600), 10, 0, 0));
        Assert.Equal(PlanOrigin.Keep, rig.TickAndReturn(1600).Given); // older than 0.5 s
    }

    [Theory]
    [InlineData(TestManifest.Domain, BoundGuarantee.Holds)]
    [InlineData(null, BoundGuarantee.NotEstablished)]
    [InlineData("another", BoundGuarantee.NotEstablished)]
    public void TryTravel_Domain_DecidesTheGuarantee(string? domain, BoundGuarantee guarantee)
    {
        var rig = new JourneyRig(domain: domain);
        var last = BoundGuarantee.Unspecified;
        for (var tick = 0; tick < 5; tick++)
        {
            rig.Parts.Motion.OnEgo(new EgoSample(At(1000 + (tick * 100)), At(1000 + (tick * 100)), 10, 0, 0));
            last = rig.TickAndReturn(1000 + (tick * 100)).Guarantee;
        }

        Assert.Equal(guarantee, last);
    }

    [Fact]
    public void TryTravel_WarmingUpOrWithoutMotion_SuspendsTheGuarantee() =>
        Assert.Equal(BoundGuarantee.Suspended, new JourneyRig().TickAndReturn(1000).Guarantee);

    [Fact]
    public void TryTravel_AlarmRisesWhileNobodyCanTakeIt_NextForecastCarriesTheEdge()
    {
        var rig = new JourneyRig();
        var held = new List<SceneForecast>();
        for (var tick = 0; tick < 5; tick++)
        {
            Array.Fill(rig.Run.Hazards, tick >= 2 ? 3 : -8);
            if (rig.Tick(1000 + (tick * 100)) is { } forecast)
            {
                held.Add(forecast);
            }
        }

        Assert.Equal(4, held.Count);
        Assert.All(held, forecast => Assert.Equal(AlarmEdge.None, forecast.Edge));
        rig.Parts.Forecasts.Return(held[0]);
        var next = rig.Tick(1500);

        Assert.Equal(AlarmEdge.Rising, next!.Edge);
        Assert.NotNull(next.Alarm);
    }

    [Fact]
    public void TryTravel_LongRun_AddsUpAtEveryMoment()
    {
        var rig = new JourneyRig(cameras: 3);
        var random = new Random(7);
        for (var tick = 0; tick < 200; tick++)
        {
            for (var camera = 0; camera < 3; camera++)
            {
                if (random.NextDouble() < 0.8)
                {
                    rig.Offer(camera, 1000 + (tick * 100) + random.Next(-60, 60));
                }
            }

            if (random.NextDouble() < 0.1)
            {
                rig.Run.RememberAnswers.Enqueue(RunStatus.NotFinite);
            }

            if (rig.Journey.TryTravel(At(1000 + (tick * 100) + random.Next(130))) is { } forecast)
            {
                rig.Parts.Ledger.SetPublished(true);
                rig.Parts.Forecasts.Return(forecast);
            }

            var ledger = rig.Ledger;
            Assert.Equal(0, ledger.SetsInFlight);
            Assert.Equal(rig.SlotsOut, ledger.Cameras.Sum(camera => camera.InFlight));
        }

        rig.Journey.Abandon();
        Assert.Equal(0, rig.SlotsOut);
        Assert.Equal(0, rig.Ledger.Cameras.Sum(camera => camera.InFlight));
    }
}
