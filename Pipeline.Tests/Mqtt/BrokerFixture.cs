using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>One real broker for the tests that leave it alone.</summary>
public sealed class BrokerFixture : IDisposable
{
    private int _clients;

    public EmbeddedBroker Broker { get; } = EmbeddedBroker.Start(new EmbeddedBrokerOptions());

    /// <summary>A topic base that no other test uses.</summary>
    public string NewBase() => TopicTable.LiveBase($"test{Interlocked.Increment(ref _clients)}");

    public MqttConnection NewConnection() => new(Options(Broker.Url));

    public static MqttConnectionOptions Options(string url) => new() { Broker = url, ClientId = $"test-{Guid.NewGuid():N}" };

    public void Dispose() => Broker.Dispose();
}

/// <summary>One after the other: two cores do not bear many brokers at once.</summary>
[CollectionDefinition(Name)]
public sealed class BrokerTests : ICollectionFixture<BrokerFixture>
{
    public const string Name = "broker";
}
