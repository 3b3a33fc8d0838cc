using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Tests.Scheduling;

public sealed class LookBackCostTests
{
    [Fact]
    public void Fits_Measured_NeedsTheCostAndItsMargin()
    {
        var cost = new LookBackCost(Ms(10));
        Assert.False(cost.Fits(Ms(11.9)));
        Assert.True(cost.Fits(Ms(12.1)));
    }

    [Fact]
    public void Observe_Costlier_CountsAtOnceAndDecaysWithCheaperOnes()
    {
        var cost = new LookBackCost(Ms(10));
        cost.Observe(Ms(40));
        Assert.False(cost.Fits(Ms(44)));
        for (var i = 0; i < 200; i++)
        {
            cost.Observe(Ms(5));
        }

        Assert.True(cost.Fits(Ms(7)));
    }

    [Fact]
    public void Shed_AfterAStall_ComesBackButNeverBelowTheFirstEstimate()
    {
        var cost = new LookBackCost(Ms(10));
        cost.Observe(Ms(500));
        var shed = 0;
        while (!cost.Fits(Ms(30)) && shed < 10_000)
        {
            cost.Shed();
            shed++;
        }

        Assert.InRange(shed, 300, 400); // half a minute at 10 Hz
        for (var i = 0; i < 10_000; i++)
        {
            cost.Shed();
        }

        Assert.False(cost.Fits(Ms(11.9)));
    }

    [Fact]
    public void Free_Always_Fits()
    {
        LookBackCost.Free.Observe(Ms(1000));
        Assert.True(LookBackCost.Free.Fits(Ms(-5)));
    }

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);
}
