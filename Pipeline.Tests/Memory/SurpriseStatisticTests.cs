using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class SurpriseStatisticTests
{
    private static readonly bool[] All = [true, true, true, true];

    /// <summary>Errors of four cells over two channels: 1, 4, 0, 0.25; ln(e + 1e-6) = 0, 1.386295, -13.815511, -1.386290 nearly.</summary>
    private static readonly float[] Forecast = [1, 2, 5, 0.5f, 1, 2, 7, 0.5f];
    private static readonly float[] Came = [0, 0, 5, 0, 2, 4, 7, 1];

    [Fact]
    public void Of_WholeMap_IsTheMeanOfEveryCellHeldAgainstItsOwnUsual()
    {
        // z = (ln e - mean) / spread: (0 - 1) / 2, (1.386295 - 1) / 2, (-13.815511 + 14) / 1, (-1.386290 + 1) / 0.5
        var norm = new SurpriseNorm(0.5, new float[] { 1, 1, -14, -1 }, new float[] { 2, 2, 1, 0.5f }, 0, 1);
        var (error, value) = SurpriseStatistic.Of(Forecast, Came, All, norm, worst: null);

        Assert.Equal((1 + 4 + 0 + 0.25) / 4, error, 1e-6);
        Assert.Equal((-0.5 + 0.193147 + 0.184489 - 0.772580) / 4, value, 1e-4);
    }

    [Theory]
    [InlineData(1, 1.386295)]
    [InlineData(2, (1.386295 + 0) / 2)]
    [InlineData(3, (1.386295 + 0 - 1.386290) / 3)]
    [InlineData(4, (1.386295 + 0 - 1.386290 - 13.815511) / 4)]
    [InlineData(64, (1.386295 + 0 - 1.386290 - 13.815511) / 4)] // no more than there are
    public void Of_WorstCells_IsTheMeanOfTheHighest(int worst, double expected) =>
        Assert.Equal(expected, SurpriseStatistic.Of(Forecast, Came, All, TestSurprise.Norm(0.5, 0, 1, 4), worst).Value, 1e-4);

    [Fact]
    public void Of_WorstCellsOfARandomMap_IsWhatSortingGives()
    {
        var random = new Random(3);
        for (var round = 0; round < 200; round++)
        {
            float[] came = [.. Enumerable.Range(0, 96).Select(_ => (float)Math.Round(random.NextDouble(), 1))]; // many are equal
            bool[] compared = [.. came.Select(_ => random.Next(3) > 0)];
            var worst = random.Next(1, 65);
            var expected = came.Where((_, i) => compared[i]).Select(value => Math.Log((value * value) + 1e-6)).OrderDescending().Take(worst).Average();
            Assert.Equal(expected, SurpriseStatistic.Of(new float[96], came, compared, TestSurprise.Norm(1, 0, 1, 96), worst).Value, 1e-4);
        }
    }

    [Fact]
    public void Of_AWhitenedChange_IsMultipliedBeforeItIsSquared()
    {
        // changes of the four cells, as below: (0, 0), (2, 0), (0, 0), (0, 0); times [[0.5, 3], [-1, 2]]: (1, -2)
        float[] before = [1, 0, 0, 0.5f, -1, -2, 0, -0.5f];
        var norm = new SurpriseNorm(0.5, new float[4], new float[] { 1, 1, 1, 1 }, 0, 1) { Whitening = new float[] { 0.5f, 3, -1, 2 } };
        var (error, value) = SurpriseStatistic.Of(Forecast, Came, before, All, norm, worst: 1);

        Assert.Equal((1 + 4 + 0 + 0.25) / 4, error, 1e-6);
        Assert.Equal((1.0 + 4.0) / 2, value, 1e-6);
    }

    [Fact]
    public void Of_AnErrorOfTheTickBefore_IsOfTheChangeSinceWithoutALogarithm()
    {
        // forecast - came: -1... of (1, 2, 0, 0.5 | -1, -2, 0, -0.5), less before: change 0, 2, 0, 0 | 0, 0, 0, 0
        float[] before = [1, 0, 0, 0.5f, -1, -2, 0, -0.5f];
        var (error, value) = SurpriseStatistic.Of(Forecast, Came, before, All, new SurpriseNorm(0.5, new float[4], new float[] { 1, 0.5f, 1, 1 }, 0, 1), worst: 2);

        Assert.Equal((1 + 4 + 0 + 0.25) / 4, error, 1e-6);
        Assert.Equal(((4.0 / 2 / 0.5) + 0) / 2, value, 1e-6); // the mean over two channels, over a spread of 0.5, and a cell that did not change
    }

    [Fact]
    public void Of_CellsLeftOut_CountNeitherInTheErrorNorInTheValue()
    {
        var (error, value) = SurpriseStatistic.Of(Forecast, Came, [true, false, false, false], TestSurprise.Norm(0.5, 0, 1, 4), worst: null);
        Assert.Equal((1.0, 0.0), (error, Math.Round(value, 4)));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(4, true)] // a sixteenth
    public void Of_FewCells_IsANumberFromASixteenthOn(int cells, bool number)
    {
        bool[] compared = [.. Enumerable.Range(0, 64).Select(i => i < cells)];
        var (error, value) = SurpriseStatistic.Of(new float[64], new float[64], compared, TestSurprise.Norm(0.5, 0, 1, 64), worst: 5);
        Assert.Equal((number, number), (double.IsFinite(error), double.IsFinite(value)));
    }
}
