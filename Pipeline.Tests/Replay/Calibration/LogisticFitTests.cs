using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

public sealed class LogisticFitTests
{
    /// <summary>Found by SciPy's Nelder-Mead on the same cost to ten digits.</summary>
    [Fact]
    public void Fit_TwelveRecords_IsTheLeastCost()
    {
        double[] logits = [-4, -3, -2, -1, 0, 1, 2, 3, -2.5, 0.5, 1.5, -0.5];
        bool[] hits = [false, false, false, true, false, true, true, true, false, true, false, false];
        double[] weights = [1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 1, 0.5];

        var fit = LogisticFit.Fit(2, logits, hits, weights);

        Assert.Equal((2, 1.08597, -0.07264), (fit.HorizonS, Math.Round(fit.Scale, 5), Math.Round(fit.Bias, 5)));
    }

    [Fact]
    public void Fit_HitsAndMissesApart_StaysFinite()
    {
        var fit = LogisticFit.Fit(1, [-3, -2, -1, 1, 2, 3], [false, false, false, true, true, true], [1, 1, 1, 1, 1, 1]);
        Assert.Equal(5.8438, fit.Scale, 0.001);
        Assert.Equal(0, fit.Bias, 0.001);
    }

    [Fact]
    public void Fit_OrderReversed_HoldsTheLeastScaleAndTheRate()
    {
        var fit = LogisticFit.Fit(1, [-3, -2, -1, 1, 2, 3], [true, true, true, false, false, false], [1, 1, 1, 1, 1, 1]);
        Assert.Equal(LogisticFit.LeastScale, fit.Scale);
        Assert.Equal(0, fit.Bias, 0.01);
    }

    [Theory]
    [InlineData(0.5, -2)]
    [InlineData(1.7, 1)]
    [InlineData(1, 0)]
    public void Fit_RecordsOfAKnownScaling_FindsIt(double scale, double bias)
    {
        var random = new Random(3);
        var logits = Enumerable.Range(0, 40_000).Select(_ => (random.NextDouble() * 12) - 6).ToArray();
        var hits = logits.Select(x => random.NextDouble() < 1 / (1 + Math.Exp(-((scale * x) + bias)))).ToArray();
        var fit = LogisticFit.Fit(1, logits, hits, [.. logits.Select(_ => 1.0)]);
        Assert.Equal(scale, fit.Scale, 0.06);
        Assert.Equal(bias, fit.Bias, 0.06);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Fit_AllAlike_IsRefused(bool hit) =>
        Assert.Throws<ArgumentException>(() => LogisticFit.Fit(1, [1, 2], [hit, hit], [1, 1]));
}
