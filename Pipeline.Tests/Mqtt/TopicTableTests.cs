using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

public sealed class TopicTableTests
{
    [Fact]
    public void Bases_LiveAndReplay_AreApart()
    {
        Assert.Equal("forecast/v1/ego/", TopicTable.LiveBase("ego"));
        Assert.Equal("forecast/replay/v1/ego/run1/", TopicTable.ReplayBase("ego", "run1"));
        Assert.False(TopicTable.ReplayBase("ego", "run1").StartsWith("forecast/v1/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a+")]
    [InlineData("#")]
    [InlineData("a b")]
    public void LiveBase_NameThatWouldChangeTheTopic_Refused(string vehicle) =>
        Assert.Contains("cannot stand in a topic", Assert.Throws<ArgumentException>(() => TopicTable.LiveBase(vehicle)).Message, StringComparison.Ordinal);

    [Fact]
    public void All_RiskAndTicks_NeverRetainedAndEachOnce()
    {
        Assert.All(TopicTable.All.Where(rule => rule.Name is "scene" or "risk" or "plan" or "risk/event"), rule => Assert.False(rule.Retain));
        Assert.Equal(TopicTable.All.Count, TopicTable.All.Select(rule => rule.Name).Distinct().Count());
    }
}
