using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Memory;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class EpisodeIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(65)]
    public void Search_AnyDimension_FindsWhatComparingOneByOneFinds(int dimension)
    {
        var random = new Random(dimension);
        var index = new EpisodeIndex(200, dimension);
        var kept = new List<float[]>();
        for (var i = 0; i < 150; i++)
        {
            kept.Add(Direction(random, dimension));
            Assert.Equal(i, index.Add(kept[i], Facts(i, risk: i / 150f, alarm: i % 3 == 0)));
        }

        for (var trial = 0; trial < 50; trial++)
        {
            var query = Direction(random, dimension);
            var similarities = kept.ConvertAll(one => Cosine(one, query));
            var threshold = (float)similarities.OrderDescending().ElementAt(10) - 1e-5f;
            var match = index.Search(query, threshold, notSince: long.MaxValue);

            Assert.Equal(similarities.Max(), match.Similarity, 1e-4);
            Assert.Equal(match.Similarity, similarities[match.Slot], 1e-4);
            var alike = Enumerable.Range(0, 150).Where(i => similarities[i] >= threshold).ToList();
            Assert.Equal((150, alike.Count, alike.Count(i => i % 3 == 0)), (match.Candidates, match.Alike, match.Events));
            Assert.Equal(alike.Sum(i => i / 150.0), match.RiskPeakSum, 1e-4);
        }
    }

    [Fact]
    public void Search_WhatThisRunHasJustSeen_IsLeftOut()
    {
        var index = new EpisodeIndex(10, 2);
        index.Restore([new Episode(4, 9, Facts(500), [0, 1])]); // of another run, whatever its time
        index.Add([1, 0], Facts(100));
        index.Add([1, 0.1f], Facts(200));

        Assert.Equal((0, 2), (index.Search([1, 0], 0.9f, notSince: 200).Slot, index.Search([1, 0], 0.9f, notSince: 200).Candidates));
        Assert.Equal((4, 0f), (index.Search([1, 0], 0.9f, notSince: 100).Slot, index.Search([1, 0], 0.9f, notSince: 100).Similarity));
    }

    [Fact]
    public void Search_NothingKept_HasNoMatch()
    {
        var match = new EpisodeIndex(10, 2).Search([1, 0], 0, long.MaxValue);
        Assert.Equal((-1, 0), (match.Slot, match.Candidates));
        Assert.True(float.IsNaN(match.Similarity));
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(float.NaN, 1f)]
    [InlineData(float.PositiveInfinity, 1f)]
    public void AddAndSearch_NoDirection_AreRefused(float x, float y)
    {
        var index = new EpisodeIndex(10, 2);
        index.Add([1, 0], Facts(1));
        Assert.Equal(-1, index.Add([x, y], Facts(2)));
        Assert.Equal(-1, index.Search([x, y], 0, long.MaxValue).Slot);
        Assert.Equal(1, index.Count);
    }

    [Fact]
    public void Add_Full_TakesThePlaceOfOneThatTellsTheSameStoryElseOfTheOldest()
    {
        var index = new EpisodeIndex(3, 3);
        index.Add([1, 0, 0], Facts(1));
        index.Add([0, 1, 0], Facts(2));
        index.Add([0, 0, 1], Facts(3));

        Assert.Equal(1, index.Add([0, 1, 0.05f], Facts(4)));   // all but slot 1 again
        Assert.Equal(0, index.Add([1, 1, 1], Facts(5)));       // like none: the oldest goes
        Assert.Equal(2, index.Add([-1, 0.5f, 0], Facts(6)));   // 1 and 0 are newer than 2 by now
        Assert.Equal((3, 4, 5, 6), (index.Count, index[1].Moment.Nanoseconds, index[0].Moment.Nanoseconds, index[2].Moment.Nanoseconds));
    }

    [Fact]
    public void Restore_SlotsWithGaps_StayInTheirSlotsAndGapsAreFilledFirst()
    {
        var index = new EpisodeIndex(4, 2);
        index.Restore([new Episode(3, 12, Facts(3), [1, 0]), new Episode(1, 5, Facts(1), [0, 2]), new Episode(4, 1, Facts(4), [1, 1]), new Episode(0, 7, Facts(0), [1, 1, 1])]);

        Assert.Equal(2, index.Count); // a slot that is no more and a descriptor of another length are left out
        Assert.Equal((3, 1f), (index.Search([1, 0], 0, 0).Slot, index.Search([1, 0], 0, 0).Similarity));
        Assert.Equal(1, index.Search([0, 1], 0, 0).Slot);
        Assert.Equal([0, 2], [index.Add([1, -1], Facts(8)), index.Add([-1, -1], Facts(9))]);
        Assert.Equal(1, index.Add([-1, 1], Facts(10))); // age 5 is the oldest
    }

    [Fact]
    public void SearchAndAdd_AfterWarmUp_AllocateNothing()
    {
        var index = new EpisodeIndex(100, 64);
        var random = new Random(1);
        var queries = Enumerable.Range(0, 300).Select(_ => Direction(random, 64)).ToArray();

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            foreach (var query in queries)
            {
                index.Search(query, 0.5f, long.MaxValue);
                index.Add(query, new EpisodeFacts("drive", default, 0, false));
            }
        }));
    }

    private static EpisodeFacts Facts(long moment, float risk = 0, bool alarm = false) => new("drive", new Timestamp(moment), risk, alarm);

    private static float[] Direction(Random random, int dimension) => [.. Enumerable.Range(0, dimension).Select(_ => (random.NextSingle() * 2) - 1)];

    private static double Cosine(float[] one, float[] other) =>
        one.Zip(other, (a, b) => (double)a * b).Sum() / Math.Sqrt(one.Sum(a => (double)a * a) * other.Sum(b => (double)b * b));
}
