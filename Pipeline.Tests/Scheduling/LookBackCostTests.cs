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
    public void Shed_FiftyInARow_OneIsTriedWhileNothingWaitsAndItsCostCounts()
    {
        var cost = new LookBackCost(Ms(500)); // a slow start
        for (var i = 0; i < 50; i++)
        {
            Assert.False(cost.Fits(Ms(30)));
            cost.Shed();
        }

        Assert.True(cost.Fits(Ms(30)));
        Assert.False(cost.Fits(Ms(0))); // the next frames are there
        cost.Observe(Ms(10));
        Assert.True(cost.Fits(Ms(12.1)));
        Assert.False(cost.Fits(Ms(11.9)));
    }

    [Fact]
    public void Shed_TriedAndAsCostlyAsBefore_WaitsForFiftyMore()
    {
        var cost = new LookBackCost(Ms(500));
        for (var i = 0; i < 50; i++)
        {
            cost.Shed();
        }

        cost.Observe(Ms(400));
        cost.Shed();
        Assert.False(cost.Fits(Ms(30)));
    }

    [Fact]
    public void Free_Always_Fits()
    {
        LookBackCost.Free.Observe(Ms(1000));
        Assert.True(LookBackCost.Free.Fits(Ms(-5)));
    }

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);
}
