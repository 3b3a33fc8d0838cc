using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Tests.Telemetry;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Figures_OfAnyDurations_AreWithinOnePercentOfTheSortedOnes()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var durations = Durations(seed);
            var histogram = new LatencyHistogram();
            foreach (var duration in durations)
            {
                histogram.Record(duration);
            }

            Array.Sort(durations);
            var figures = histogram.Figures();
            Assert.Equal(durations.Length, figures.Count);
            AssertNear(durations[Rank(0.50, durations)], figures.P50Ms);
            AssertNear(durations[Rank(0.95, durations)], figures.P95Ms);
            AssertNear(durations[Rank(0.99, durations)], figures.P99Ms);
            Assert.Equal(durations[^1] / 1e6, figures.MaxMs);
        }
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(127, 127)]
    [InlineData(128, 128)]
    [InlineData(long.MaxValue, (1L << 37) - 1)]
    public void Record_AtAnEnd_KeepsItInside(long duration, long kept)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(duration);
        Assert.Equal((1, kept), (histogram.Figures().Count, histogram.LongestNs));
        Assert.InRange(histogram.Figures().P50Ms, kept / 1e6 * 0.99, kept / 1e6);
    }

    [Fact]
    public void Figures_OfNothing_AreNotNumbers()
    {
        var figures = new LatencyHistogram().Figures();
        Assert.Equal((0, double.NaN, double.NaN), (figures.Count, figures.P50Ms, figures.MaxMs));
    }

    [Fact]
    public void Record_FromSeveralThreads_LosesNone()
    {
        var histogram = new LatencyHistogram();
        var threads = Enumerable.Range(1, 4).Select(worker => new Thread(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                histogram.Record(worker * 1000);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(80_000, histogram.Figures().Count);
        Assert.Equal(4000, histogram.LongestNs);
    }

    [Fact]
    public void Turn_OfAWindow_SeesOnlyWhatCameSinceTheLast()
    {
        var histogram = new LatencyHistogram();
        var window = new LatencyWindow(histogram);
        histogram.Record(1_000_000_000);
        Assert.Equal(1, window.Turn().Count);
        for (var i = 0; i < 10; i++)
        {
            histogram.Record(2_000_000);
        }

        var figures = window.Turn();
        Assert.Equal(10, figures.Count);
        AssertNear(2_000_000, figures.P99Ms);
        AssertNear(2_000_000, figures.MaxMs);
        Assert.Equal(0, window.Turn().Count);
        Assert.Equal(11, histogram.Figures().Count);
    }

    private static int Rank(double share, long[] sorted) => (int)Math.Ceiling(share * sorted.Length) - 1;

    private static void AssertNear(long expectedNs, double actualMs) => Assert.InRange(actualMs, expectedNs / 1e6 * 0.99, (expectedNs / 1e6 * 1.01) + 1e-9);

    private static long[] Durations(int seed)
    {
        var random = new Random(seed);
        var durations = new long[random.Next(1, 5000)];
        for (var i = 0; i < durations.Length; i++)
        {
            durations[i] = seed % 2 == 0 ? (long)Math.Exp(random.NextDouble() * 24) : random.NextInt64(1L << (1 + (seed % 36)));
        }

        return durations;
    }
}
