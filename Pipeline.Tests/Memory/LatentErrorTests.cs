using Forecast.Pipeline.Memory;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class LatentErrorTests
{
    private static readonly bool[] All = [true, true, true, true];

    [Fact]
    public void Of_TwoChannels_IsTheSquaredErrorOverTheSpreadOfWhatCame()
    {
        float[] came = [1, 3, 1, 3, 10, 10, 10, 14]; // spreads about 2 and about 11: 4 x 1, and 3 x 1 + 9
        float[] forecast = [1, 3, 2, 3, 10, 8, 10, 14];
        Assert.Equal((1 + 4) / (4.0 + 12.0), LatentError.Of(forecast, came, All), 1e-9);
    }

    [Fact]
    public void Of_TheMeanAsForecast_IsOne() => Assert.Equal(1, LatentError.Of([2, 2, 2, 2], [1, 3, 1, 3], All), 1e-9);

    [Fact]
    public void Of_CellsOutOfSight_DoNotCount() =>
        Assert.Equal(1 / 2.0, LatentError.Of([1, 4, 99, float.NaN], [1, 3, 5, 7], [true, true, false, false]), 1e-9);

    [Fact]
    public void Of_APerfectForecast_HasALogarithm() => Assert.True(double.IsFinite(Math.Log(LatentError.Of([1, 3, 1, 3], [1, 3, 1, 3], All))));

    [Fact]
    public void Of_NothingThatDiffers_IsNotANumber() => Assert.True(double.IsNaN(LatentError.Of([1, 2, 3, 4], [5, 5, 5, 5], All)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)] // of 64: less than a sixteenth
    public void Of_TooFewCells_IsNotANumber(int cells)
    {
        var values = Enumerable.Range(0, 64).Select(i => (float)i).ToArray();
        var seen = Enumerable.Range(0, 64).Select(i => i < cells).ToArray();
        Assert.True(double.IsNaN(LatentError.Of(values, values, seen)));
        Assert.False(double.IsNaN(LatentError.Of(values, values, [.. Enumerable.Range(0, 64).Select(i => i < 4)])));
    }
}
