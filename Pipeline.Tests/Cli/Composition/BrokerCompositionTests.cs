using Forecast.Cli.Composition;

namespace Forecast.Pipeline.Tests.Cli.Composition;

public sealed class BrokerCompositionTests
{
    /// <summary>Nobody who reads our messages can take it: a broker puts out the older of two clients of one id.</summary>
    [Fact]
    public void ClientId_EachTime_IsByChance()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => BrokerComposition.ClientId("car")).ToHashSet();

        Assert.Equal(100, ids.Count);
        Assert.All(ids, id => Assert.Matches("^forecast-car-[0-9a-f]{32}$", id));
    }
}
