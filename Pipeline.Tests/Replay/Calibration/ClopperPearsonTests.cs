using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

/// <summary>Expected numbers are SciPy's beta.ppf(1 - alpha, hits + 1, trials - hits) and betainc.</summary>
public sealed class ClopperPearsonTests
{
    [Theory]
    [InlineData(0, 10, 0.1, 0.2056717652757185)]
    [InlineData(1, 10, 0.1, 0.33684772330672474)]
    [InlineData(5, 10, 0.1, 0.732681901313448)]
    [InlineData(0.4, 15, 0.1, 0.18172026182734333)]
    [InlineData(9, 10, 0.05, 0.9948838031081763)]
    [InlineData(3, 200, 0.1, 0.03309747022756343)]
    [InlineData(250.5, 1000, 0.1, 0.26891777011971235)]
    [InlineData(10, 10, 0.1, 1)]
    public void Upper_Known_IsTheQuantile(double hits, int trials, double alpha, double expected) =>
        Assert.Equal(expected, ClopperPearson.Upper(hits, trials, alpha), 1e-9);

    [Theory]
    [InlineData(2, 3, 0.4, 0.5248)]
    [InlineData(0.5, 20, 0.01, 0.4713699354850156)]
    [InlineData(300, 700, 0.3, 0.503671182860812)]
    [InlineData(50.5, 1, 0.99, 0.601973436175133)]
    [InlineData(3, 4, 0, 0)]
    [InlineData(3, 4, 1, 1)]
    public void BetaShare_Known_IsTheIncompleteBeta(double a, double b, double x, double expected) =>
        Assert.Equal(expected, ClopperPearson.BetaShare(a, b, x), 1e-10);

    [Fact]
    public void Upper_EverySmallCase_HasAtMostAlphaBelowIt()
    {
        // By summing the binomial: at the limit, seeing this many hits or fewer has probability alpha.
        for (var trials = 1; trials <= 12; trials++)
        {
            for (var hits = 0; hits < trials; hits++)
            {
                var p = ClopperPearson.Upper(hits, trials, 0.1);
                double sum = 0, ways = 1;
                for (var k = 0; k <= hits; k++)
                {
                    sum += ways * Math.Pow(p, k) * Math.Pow(1 - p, trials - k);
                    ways = ways * (trials - k) / (k + 1);
                }

                Assert.Equal(0.1, sum, 1e-9);
            }
        }
    }

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(11, 10)]
    [InlineData(0, 0)]
    public void Upper_Impossible_IsRefused(double hits, int trials) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearson.Upper(hits, trials, 0.1));
}
