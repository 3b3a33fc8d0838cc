using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class SurpriseTrackerTests
{
    public static TheoryData<int, int> Rules => new() { { 1, 1 }, { 1, 3 }, { 2, 3 }, { 3, 3 }, { 3, 5 }, { 2, 100 } };

    [Theory]
    [MemberData(nameof(Rules))]
    public void See_EverySequenceOfTenLooks_FollowsTheRule(int m, int n)
    {
        var calibration = new SurpriseCalibration(null, [], Threshold: 2, m, n, FalseAlarmsPerHour: 0, MeasuredHours: 1);
        for (var sequence = 0; sequence < 1 << 10; sequence++)
        {
            var tracker = new SurpriseTracker(Guid.NewGuid);
            var since = 0; // looks before this one belong to an event that has fallen
            var standing = false;
            for (var look = 0; look < 10; look++)
            {
                var high = ((sequence >> look) & 1) == 1;
                var among = Enumerable.Range(0, look + 1).Count(i => i >= since && i > look - n && ((sequence >> i) & 1) == 1);
                var expected = !standing && high && among >= m ? AlarmEdge.Rising : standing && among == 0 ? AlarmEdge.Falling : AlarmEdge.None;
                Assert.Equal(expected, tracker.See(At(look), high ? 2 : 1.99f, calibration));
                standing = expected == AlarmEdge.Rising || (standing && expected != AlarmEdge.Falling);
                since = expected == AlarmEdge.Falling ? look + 1 : since;
                Assert.Equal(standing, tracker.Standing is not null);
            }
        }
    }

    [Fact]
    public void See_WhileItStands_KeepsItsIdAndItsPeak()
    {
        var calibration = new SurpriseCalibration(null, [], Threshold: 2, M: 1, N: 2, FalseAlarmsPerHour: 0, MeasuredHours: 1);
        var tracker = new SurpriseTracker(Guid.NewGuid);
        tracker.See(At(0), 3, calibration);
        var risen = tracker.Standing!;
        tracker.See(At(1), 7, calibration);
        tracker.See(At(2), 0, calibration);
        Assert.Equal(AlarmEdge.Falling, tracker.See(At(3), 0, calibration));

        Assert.Same(risen, tracker.Fallen);
        Assert.Equal((At(0), 7), (risen.Risen, risen.PeakScore));
    }

    [Fact]
    public void Miss_LongerThanTheLimit_Falls()
    {
        var calibration = new SurpriseCalibration(null, [], Threshold: 2, M: 1, N: 2, FalseAlarmsPerHour: 0, MeasuredHours: 1);
        var tracker = new SurpriseTracker(Guid.NewGuid);
        Assert.Equal(AlarmEdge.None, tracker.Miss(At(100), At(0))); // nothing stands
        tracker.See(At(0), 3, calibration);

        Assert.Equal(AlarmEdge.None, tracker.Miss(At(0) + SurpriseTracker.SilenceLimit, At(0)));
        Assert.Equal(AlarmEdge.Falling, tracker.Miss(At(0) + SurpriseTracker.SilenceLimit + TimeSpan.FromTicks(1), At(0)));
    }

    [Fact]
    public void Miss_ClockWentBack_FallsAndForgetsTheLooksBefore()
    {
        var calibration = new SurpriseCalibration(null, [], Threshold: 2, M: 2, N: 5, FalseAlarmsPerHour: 0, MeasuredHours: 1);
        var tracker = new SurpriseTracker(Guid.NewGuid);
        tracker.See(At(100), 3, calibration);
        Assert.Equal(AlarmEdge.None, tracker.Miss(At(50), At(100)));
        Assert.Equal(AlarmEdge.None, tracker.See(At(50), 3, calibration)); // the one before is no part of the last five
        Assert.Equal(AlarmEdge.Rising, tracker.See(At(51), 3, calibration));
        Assert.Equal(AlarmEdge.Falling, tracker.Miss(At(2), At(51)));
    }

    private static Timestamp At(int look) => new(look * 100_000_000L);
}
