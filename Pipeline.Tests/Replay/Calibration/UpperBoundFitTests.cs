using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

public sealed class UpperBoundFitTests
{
    [Fact]
    public void Fit_TwentyCalmDrives_BoundsTheLowestBinByTheirNumber()
    {
        var outcomes = new List<Outcome>();
        for (var drive = 0; drive < 20; drive++)
        {
            outcomes.AddRange(Enumerable.Repeat(new Outcome(drive, 0.001, Hit: false), 100)); // a hundred ticks are no more news than one
        }

        var table = UpperBoundFit.Fit([outcomes], drives: 20, alpha: 0.1);

        Assert.Equal((0.1, 20), (table.Alpha, table.SampleCount));
        Assert.Equal(9, table.Bounds[0].Count);
        Assert.Equal(1 - Math.Pow(0.1, 1 / 20.0), table.Bounds[0][0], 1e-4);
        Assert.All(table.Bounds[0].Skip(1), bound => Assert.Equal(1, bound)); // nobody was there
    }

    [Fact]
    public void Fit_BinWithTooFewDrives_TakesTheNextHigherOne()
    {
        var outcomes = new List<Outcome>();
        for (var drive = 0; drive < 40; drive++)
        {
            outcomes.Add(new Outcome(drive, 0.05, Hit: drive < 4));  // an edge belongs to the bin above it
            if (drive < 14)
            {
                outcomes.Add(new Outcome(drive, 0.001, Hit: false)); // one drive too few
            }
        }

        var bounds = UpperBoundFit.Fit([outcomes], 40, 0.1).Bounds[0];

        var expected = ClopperPearson.Upper(4, 40, 0.1);
        Assert.All(bounds.Take(6), bound => Assert.Equal(expected, bound, 1e-4));
        Assert.All(bounds.Skip(6), bound => Assert.Equal(1, bound));
    }

    /// <summary>A hit on the one tick of each of fourteen drives, and six hundred calm ticks of another: a rate of 2 % of the ticks, and hardly more than one drive's worth.</summary>
    [Fact]
    public void Fit_OneLongDriveAmongShortOnes_IsNotFifteenDrives()
    {
        List<Outcome> outcomes = [.. Enumerable.Repeat(new Outcome(0, 0.001, Hit: false), 600), .. Enumerable.Range(1, 14).Select(drive => new Outcome(drive, 0.001, Hit: true))];

        Assert.All(UpperBoundFit.Fit([outcomes], 15, 0.1).Bounds[0], bound => Assert.Equal(1, bound));
    }

    [Fact]
    public void Fit_DrivesOfUnequalLength_CountByWeight()
    {
        // Ten of 30 ticks and twenty of 10: 500 squared over 11,000 is 22.7 drives.
        List<Outcome> outcomes = [.. Enumerable.Range(0, 30).SelectMany(drive => Enumerable.Repeat(new Outcome(drive, 0.5, Hit: drive == 0), drive < 10 ? 30 : 10))];

        Assert.Equal(ClopperPearson.Upper(30 / 500.0 * 22, 22, 0.1), UpperBoundFit.Fit([outcomes], 30, 0.1).Bounds[0][^1], 1e-4);
    }

    [Fact]
    public void Fit_LowerBinWorse_NeverFalls()
    {
        var outcomes = new List<Outcome>();
        for (var drive = 0; drive < 50; drive++)
        {
            outcomes.Add(new Outcome(drive, 0.001, Hit: drive < 10));
            outcomes.Add(new Outcome(drive, 0.5, Hit: drive < 2));
        }

        var bounds = UpperBoundFit.Fit([outcomes], 50, 0.1).Bounds[0];

        Assert.Equal(bounds.Order(), bounds);
        Assert.Equal(ClopperPearson.Upper(10, 50, 0.1), bounds[^1], 1e-4);
    }
}
