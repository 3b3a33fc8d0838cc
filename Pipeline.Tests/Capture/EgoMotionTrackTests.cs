using Forecast.Pipeline.Capture;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Capture;

public sealed class EgoMotionTrackTests
{
    private readonly EgoMotionTrack _track = new();

    [Fact]
    public void At_Bracketed_Interpolates()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1005), 10, 0.1f, 1));
        _track.OnEgo(new EgoSample(At(1100), At(1105), 12, 0.3f, 3));

        var state = _track.At(At(1025), At(1110));

        Assert.Equal(EgoKnowledge.Measured, state.Knowledge);
        Assert.Equal(10.5f, state.Speed, 4);
        Assert.Equal(0.15f, state.YawRate, 4);
        Assert.Equal(1.5f, state.Acceleration, 4);
        Assert.Equal(At(1100), state.NewestStamp);
        Assert.Equal(TimeSpan.FromMilliseconds(5), state.Held);
    }

    [Fact]
    public void At_SampleNotYetArrived_DoesNotCount()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1005), 10, 0, 0));
        _track.OnEgo(new EgoSample(At(1100), At(1105), 20, 0, 0));

        Assert.Equal(EgoKnowledge.Extrapolated, _track.At(At(1050), At(1104)).Knowledge);
        Assert.Equal(10, _track.At(At(1050), At(1104)).Speed);
        Assert.Equal(15, _track.At(At(1050), At(1105)).Speed, 3);
    }

    [Theory]
    [InlineData(1150, EgoKnowledge.Extrapolated)]
    [InlineData(1151, EgoKnowledge.Unknown)]
    public void At_BeyondTheNewest_CarriesOnFor150Milliseconds(double moment, EgoKnowledge expected)
    {
        _track.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, -2));

        var state = _track.At(At(moment), At(moment));

        Assert.Equal(expected, state.Knowledge);
        if (expected == EgoKnowledge.Extrapolated)
        {
            Assert.Equal(9.7f, state.Speed, 3);
        }
    }

    [Fact]
    public void At_InsideALongSilence_IsUnknown()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, 0));
        _track.OnEgo(new EgoSample(At(6000), At(6000), 20, 0, 0));

        Assert.Equal(EgoKnowledge.Unknown, _track.At(At(3500), At(6000)).Knowledge);
        Assert.Equal(EgoKnowledge.Measured, _track.At(At(6000), At(6000)).Knowledge);
    }

    [Fact]
    public void At_BeforeEverything_IsUnknown()
    {
        Assert.Equal(EgoKnowledge.Unknown, _track.At(At(1000), At(1000)).Knowledge);
        _track.OnEgo(new EgoSample(At(2000), At(2000), 10, 0, 0));
        Assert.Equal(EgoKnowledge.Unknown, _track.At(At(1000), At(2100)).Knowledge);
    }

    [Fact]
    public void Travelled_StraightAndTurning_MatchesTheCircle()
    {
        const double YawRate = 0.5;
        for (var t = 0; t <= 1000; t += 20)
        {
            _track.OnEgo(new EgoSample(At(1000 + t), At(1000 + t), 10, (float)YawRate, 0));
        }

        var moved = _track.Travelled(At(1000), At(2000), At(2000))!.Value;

        var radius = 10 / YawRate;
        Assert.Equal(radius * Math.Sin(YawRate), moved.X, 3);
        Assert.Equal(radius * (1 - Math.Cos(YawRate)), moved.Y, 3);
        Assert.Equal(YawRate, moved.Yaw, 4);
    }

    [Fact]
    public void Travelled_UnknownOnTheWay_IsNull()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, 0));
        Assert.Null(_track.Travelled(At(1000), At(1500), At(1500)));
    }

    [Fact]
    public void OnEgo_OutOfOrder_IsRejectedAndCounted()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, 0));
        _track.OnEgo(new EgoSample(At(990), At(1010), 99, 0, 0));

        Assert.Equal(1, _track.Rejected);
        Assert.Equal(10, _track.At(At(1000), At(1020)).Speed);
    }

    [Fact]
    public void OnEgo_SenderStartedAgainWithAnotherClock_IsFollowed()
    {
        _track.OnEgo(new EgoSample(At(100_000), At(1000), 10, 0, 0));
        _track.OnEgo(new EgoSample(At(1100), At(1100), 20, 0, 0));

        Assert.Equal(20, _track.At(At(1100), At(1110)).Speed);
    }

    [Fact]
    public void OnEgo_MoreThanItHolds_KeepsTheNewest()
    {
        for (var i = 0; i < 5000; i++)
        {
            _track.OnEgo(new EgoSample(At(i), At(i), i, 0, 0));
        }

        Assert.Equal(4500, _track.At(At(4500), At(5000)).Speed);
        Assert.Equal(EgoKnowledge.Unknown, _track.At(At(100), At(5000)).Knowledge);
    }

    [Fact]
    public void PlanAt_NewestArrivedAndStillValid()
    {
        var early = new PlanSample(At(1000), At(1010), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]);
        var late = new PlanSample(At(1100), At(1110), [2, 2, 2, 2, 2], [0, 0, 0, 0, 0]);
        _track.OnPlan(early);
        _track.OnPlan(late);

        Assert.Same(early, _track.PlanAt(At(1105), At(1105)));
        Assert.Same(late, _track.PlanAt(At(1110), At(1110)));
        Assert.Null(_track.PlanAt(At(1601), At(1601)));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void OnPlan_OfAnotherNumberOfSteps_IsRejectedAndCounted(int steps)
    {
        _track.OnPlan(new PlanSample(At(1000), At(1010), new float[steps], new float[steps]));

        Assert.Equal(1, _track.Rejected);
        Assert.Null(_track.PlanAt(At(1010), At(1010)));
    }

    [Fact]
    public void PlanAt_SendersClockAheadAndSilent_ExpiresByItsArrival()
    {
        _track.OnPlan(new PlanSample(At(3_600_000), At(1010), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]));

        Assert.NotNull(_track.PlanAt(At(1500), At(1510)));
        Assert.Null(_track.PlanAt(At(1501), At(1511)));
    }

    [Theory]
    [InlineData(10, 2, 0, 2, 0)]
    [InlineData(10, 0, 0.5, 0, 0.05)]
    [InlineData(10, -2, -0.5, -2, -0.0526)] // 9.5 m in a second, half a radian to the right
    [InlineData(0.1, 0, 0.5, 0, 0)]         // 0.1 m: too short to have a curvature
    [InlineData(20, -12, 0, -9, 0)]         // beyond what training's recordings were taken to do
    [InlineData(1, 0, 2, 0, 0.2)]
    public void Driven_OverASecond_GivesTheControlsThatWouldDriveIt(double speed, double acceleration, double yawRate, double expectedAcceleration, double expectedCurvature)
    {
        for (var ms = 1000; ms <= 2000; ms += 10)
        {
            var v = (float)(speed + (acceleration * (ms - 1000) / 1000));
            _track.OnEgo(new EgoSample(At(ms), At(ms + 1), v, (float)yawRate, (float)acceleration));
        }

        var (a, curvature) = _track.Driven(At(1000), At(2000), At(2001))!.Value;
        Assert.Equal(expectedAcceleration, a, 0.02);
        Assert.Equal(expectedCurvature, curvature, 0.003);
    }

    [Fact]
    public void Driven_MotionNotKnownAllTheWay_IsNull()
    {
        _track.OnEgo(new EgoSample(At(1000), At(1000), 10, 0, 0));
        _track.OnEgo(new EgoSample(At(2000), At(2000), 10, 0, 0));

        Assert.Null(_track.Driven(At(1000), At(2000), At(2000)));
        Assert.Null(_track.Driven(At(900), At(1000), At(2000)));
        Assert.NotNull(_track.Driven(At(2000), At(2100), At(2000)));
    }
}
