using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Risk;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Risk;

public sealed class AlarmTrackerTests
{
    private static readonly RiskLevels Levels = new(2, new Hysteresis(0.2, 0.1), new Hysteresis(0.5, 0.3), AlarmM: 3, AlarmN: 5);
    private readonly AlarmTracker _tracker = new(Guid.NewGuid);
    private int _tick;

    [Fact]
    public void See_TwoOfFive_IsNoAlarm()
    {
        foreach (var p in new[] { 0.9, 0, 0.9, 0, 0, 0, 0.9, 0.9, 0, 0 })
        {
            Assert.Equal(AlarmEdge.None, See(p).Edge);
        }

        Assert.Equal(0, _tracker.Raised);
    }

    [Fact]
    public void See_ThreeOfFive_RisesOnceAndFallsWhenAllFiveAreBelow()
    {
        double[] input = [0.9, 0, 0.6, 0, 0.5, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2];
        var edges = input.Select(p => See(p).Edge).ToList();

        Assert.Equal(AlarmEdge.Rising, edges[4]);
        Assert.Equal(AlarmEdge.Falling, edges[11]); // 0.4 at index 6 is the last above 0.3
        Assert.Equal(2, edges.Count(edge => edge != AlarmEdge.None));
    }

    [Fact]
    public void See_HighHeldBetweenTheThresholds_CountsAsTrainingCountsIt()
    {
        // 0.4 lies between fall and rise: high once 0.6 was, not high after 0.2.
        double[] input = [0.6, 0.4, 0.4, 0.2, 0.4, 0.4, 0.4, 0.4];
        var edges = input.Select(p => See(p).Edge).ToList();

        Assert.Equal(AlarmEdge.Rising, edges[2]);
        Assert.Equal(AlarmEdge.Falling, edges[7]);
    }

    [Fact]
    public void See_FallingEdge_CarriesTheAlarmThatRoseAndItsPeak()
    {
        var risen = Guid.Empty;
        AlarmEvent? fallen = null;
        foreach (var p in new[] { 0.6, 0.6, 0.6, 0.8, 0, 0, 0, 0, 0 })
        {
            var (_, alarm, edge) = See(p);
            risen = edge == AlarmEdge.Rising ? alarm!.Id : risen;
            fallen = edge == AlarmEdge.Falling ? alarm : fallen;
        }

        Assert.Equal(risen, fallen!.Id);
        Assert.Equal(0.8f, fallen.PeakProbability);
        Assert.Null(_tracker.Standing);
    }

    [Fact]
    public void See_LevelsHaveHysteresis()
    {
        double[] input = [0.05, 0.25, 0.15, 0.05, 0.55, 0.4, 0.25, 0.12, 0.05];
        var levels = input.Select(p => See(p).Level);

        Assert.Equal(
            [RiskLevel.Low, RiskLevel.Elevated, RiskLevel.Elevated, RiskLevel.Low, RiskLevel.High, RiskLevel.High, RiskLevel.Elevated, RiskLevel.Elevated, RiskLevel.Low],
            levels);
    }

    [Fact]
    public void See_OtherLevelsWhileAlarmed_KeepTheOneAlarmUntilTheirOwnFall()
    {
        var strict = Levels with { High = new Hysteresis(0.8, 0.7), AlarmM = 4, AlarmN = 4 };
        var seen = new List<(AlarmEdge Edge, Guid? Id)>();
        foreach (var (p, levels) in new[] { (0.6, Levels), (0.6, Levels), (0.6, Levels), (0.75, strict), (0.6, Levels), (0.75, strict), (0.6, strict), (0.6, strict), (0.6, strict), (0.6, strict) })
        {
            var (_, alarm, edge) = See(p, levels);
            seen.Add((edge, alarm?.Id));
        }

        Assert.Equal(AlarmEdge.Rising, seen[2].Edge);
        Assert.Equal(AlarmEdge.Falling, seen[9].Edge); // strict: 0.6 is not high, and four such ticks are all of its last four
        Assert.Single(seen.Skip(2).Select(one => one.Id).Distinct());
        Assert.Equal(2, seen.Count(one => one.Edge != AlarmEdge.None));
        Assert.Equal(1, _tracker.Raised);
    }

    [Fact]
    public void See_LongerMemoryAfterTheFall_DoesNotRaiseTheFallenAlarmAgain()
    {
        var brief = Levels with { AlarmM = 2, AlarmN = 2 };
        var lasting = Levels with { AlarmM = 2, AlarmN = 9 };
        AlarmEdge[] edges = [See(0.6, brief).Edge, See(0.6, brief).Edge, See(0, brief).Edge, See(0, brief).Edge, See(0, lasting).Edge, See(0.6, lasting).Edge, See(0.6, lasting).Edge];

        Assert.Equal([AlarmEdge.None, AlarmEdge.Rising, AlarmEdge.None, AlarmEdge.Falling, AlarmEdge.None, AlarmEdge.None, AlarmEdge.Rising], edges);
    }

    [Fact]
    public void See_SmallerMAtATickThatIsNotHigh_RaisesNothing()
    {
        var eager = Levels with { AlarmM = 2 };
        AlarmEdge[] edges = [See(0.6).Edge, See(0.6).Edge, See(0, eager).Edge, See(0.6, eager).Edge];

        Assert.Equal([AlarmEdge.None, AlarmEdge.None, AlarmEdge.None, AlarmEdge.Rising], edges);
    }

    private (RiskLevel Level, AlarmEvent? Alarm, AlarmEdge Edge) See(double probability, RiskLevels? levels = null) =>
        _tracker.See(At(1000 + (100 * _tick++)), probability, levels ?? Levels);
}
