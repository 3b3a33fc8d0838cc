using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Inference;

/// <summary>When the world state begins anew, and what the forecasts then say.</summary>
public sealed class WorldStepTests
{
    private readonly JourneyRig _rig = new(cameras: 3);
    private double _ms = 1000;

    [Theory]
    [InlineData(90f, 0f)]
    [InlineData(-90f, 0f)]
    [InlineData(10f, 4f)]
    public void TryRun_EgoMotionNoVehicleMakes_ResetsOnceAndLetsTheModelEstimate(float speed, float yawRate)
    {
        var before = Ticks(6, 10, 0.1f);
        var during = Ticks(6, speed, yawRate);
        var after = Ticks(6, 10, 0.1f);

        Assert.All(before, tick => Assert.Equal(EgoOrigin.Measured, tick.Origin));
        Assert.All(during, tick => Assert.Equal(EgoOrigin.Estimated, tick.Origin));
        Assert.All(during.Take(3), tick => Assert.True(tick.Reasons.HasFlag(DegradedReasons.WarmingUp | DegradedReasons.EgoEstimated)));
        Assert.False(during[^1].Reasons.HasFlag(DegradedReasons.WarmingUp)); // absurd as it stays, the state is kept: only the jump broke it
        Assert.All(after.Skip(2), tick => Assert.Equal((EgoOrigin.Measured, DegradedReasons.None), (tick.Origin, tick.Reasons)));
        Assert.Equal(1, _rig.Run.Resets);
        Assert.Equal(1, _rig.Ledger.Resets[(int)ResetReason.EgoJump]);
        Assert.All(_rig.Run.EgoMotions, motion => Assert.InRange(motion[3], 0, 60));
    }

    [Fact]
    public void TryRun_FastAndHardDriving_IsNoJump()
    {
        for (var tick = 0; tick < 40; tick++)
        {
            Ticks(1, Math.Min(62, tick * 2f), tick % 2 == 0 ? 1 : -1);
        }

        Assert.Equal(0, _rig.Run.Resets);
    }

    [Fact]
    public void TryRun_EveryKindOfBreak_IsCountedByItsReason()
    {
        Ticks(3, 10, 0);
        _ms += 900;
        Ticks(3, 10, 0);
        _rig.Run.EncodeAnswers.Enqueue(RunStatus.Failed);
        _rig.Run.EncodeAnswers.Enqueue(RunStatus.Failed);
        Ticks(3, 10, 0);
        for (var frame = 0; frame < 3; frame++, _ms += 100)
        {
            for (var camera = 0; camera < 3; camera++)
            {
                _rig.Offer(camera, _ms + 60_000, _ms);
            }
        }

        _rig.Parts.Forecasts.Return(_rig.Journey.TryTravel(At(_ms))!);

        Assert.Equal([(1, ResetReason.ClockJump), (1, ResetReason.Gap), (0, ResetReason.EgoJump), (1, ResetReason.ModelFailed)], _rig.Ledger.Resets.Select((count, reason) => ((int)count, (ResetReason)reason)));
        Assert.Equal(3, _rig.Run.Resets);
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(-5000)]
    public void TryRun_OneCamerasClockJumps_KeepsTheStateAndSaysThatItsTimesAreUnverified(double byMs)
    {
        Ticks(5, 10, 0);
        var reasons = new List<DegradedReasons>();
        for (var tick = 0; tick < 15; tick++)
        {
            var off = tick < 8 ? byMs : 0;
            Drive(10, 0);
            _rig.Offer(0, _ms);
            _rig.Offer(1, _ms + off, _ms);
            _rig.Offer(2, _ms);
            var forecast = _rig.Journey.TryTravel(At(_ms + 31))!;
            _rig.Parts.Forecasts.Return(forecast);
            reasons.Add(forecast.Reasons);
            _ms += 100;
        }

        Assert.Equal(0, _rig.Run.Resets);
        Assert.All(reasons.Take(2), reason => Assert.Equal(DegradedReasons.CameraMissing, reason));
        Assert.All(reasons.GetRange(2, 6), reason => Assert.Equal(DegradedReasons.CaptureTimeUnverified, reason));
        Assert.All(reasons.GetRange(10, 5), reason => Assert.Equal(DegradedReasons.None, reason));
    }

    private List<(EgoOrigin Origin, DegradedReasons Reasons)> Ticks(int count, float speed, float yawRate)
    {
        var seen = new List<(EgoOrigin, DegradedReasons)>();
        for (var tick = 0; tick < count; tick++)
        {
            Drive(speed, yawRate);
            if (_rig.Tick(_ms) is { } forecast)
            {
                _rig.Parts.Forecasts.Return(forecast);
                seen.Add((forecast.EgoOrigin, forecast.Reasons));
            }

            _ms += 100;
        }

        return seen;
    }

    /// <summary>Samples over the tick that ends now.</summary>
    private void Drive(float speed, float yawRate)
    {
        for (var before = 80; before >= 0; before -= 20)
        {
            _rig.Parts.Motion.OnEgo(new EgoSample(At(_ms - before), At(_ms - before), speed, yawRate, 0));
        }
    }
}
