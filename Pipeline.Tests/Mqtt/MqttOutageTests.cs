using System.Diagnostics;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>Brokers that die and hang; each test has its own.</summary>
[Collection(BrokerTests.Name)]
public sealed class MqttOutageTests
{
    private const int Stop = 19;
    private const int Continue = 18;
    private const int Kill = 9;

    [Fact]
    public void Publish_BrokerHangs_RefusesInsteadOfQueueing()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        var topic = connection.CreateTopic("a/scene", 0, retain: false, new MqttProperties());
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        var payload = new byte[100_000];
        var before = 0L;
        Assert.Equal(0, LibC.Kill(broker.ProcessId, Stop));
        try
        {
            Eventually.True(() => connection.Publish(topic, payload) == PublishResult.Busy, "the hung broker took everything");
            before = Process.GetCurrentProcess().PrivateMemorySize64;
            for (var i = 0; i < 2000; i++)
            {
                Assert.NotEqual(PublishResult.Taken, connection.Publish(topic, payload));
            }
        }
        finally
        {
            Assert.Equal(0, LibC.Kill(broker.ProcessId, Continue));
        }

        var grown = Process.GetCurrentProcess().PrivateMemorySize64 - before;
        Assert.True(grown < 50_000_000, $"2000 refused publishes of 100 kB took {grown} bytes");
        Eventually.True(() => connection.Publish(topic, payload) == PublishResult.Taken, "it did not recover");
    }

    [Fact]
    public void Run_BrokerKilled_ReconnectsSoonAfterItListensAgain()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { RestartDelay = TimeSpan.FromSeconds(1) });
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        var topic = connection.CreateTopic("a/scene", 0, retain: false, new MqttProperties());
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        var process = broker.ProcessId;
        Assert.Equal(0, LibC.Kill(process, Kill));
        Eventually.True(() => !connection.IsConnected, "the loss was not noticed");
        Assert.Equal(PublishResult.Away, connection.Publish(topic, "x"u8));
        Eventually.True(() => broker.ProcessId != 0 && broker.ProcessId != process, "the broker was not started again");
        var listening = Stopwatch.GetTimestamp();
        Eventually.True(() => connection.IsConnected, "it did not come back");

        Assert.True(Stopwatch.GetElapsedTime(listening) < TimeSpan.FromSeconds(1.5), $"it took {Stopwatch.GetElapsedTime(listening).TotalSeconds} s");
        Assert.Equal(PublishResult.Taken, connection.Publish(topic, "x"u8));
        Assert.Equal(2, connection.Connects);
        Assert.Equal(1, broker.Restarts);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Run_BrokerStaysHung_IsGivenUpAndFoundAgain()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        Assert.Equal(0, LibC.Kill(broker.ProcessId, Stop));
        Eventually.True(() => !connection.IsConnected, "the hang was not noticed within two keep-alives", withinS: 14);
        Eventually.True(() => connection.State.Detail.Contains("no answer", StringComparison.Ordinal), "it does not say what is wrong");
        Assert.Equal(0, LibC.Kill(broker.ProcessId, Continue));

        Eventually.True(() => connection.IsConnected, "it did not come back");
    }

    [Fact]
    public async Task Dispose_BrokerHangs_EndsAllTheSame()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        Assert.Equal(0, LibC.Kill(broker.ProcessId, Stop));
        try
        {
            await Task.Run(connection.Dispose).WaitAsync(TimeSpan.FromSeconds(10));
        }
        finally
        {
            Assert.Equal(0, LibC.Kill(broker.ProcessId, Continue));
        }
    }
}
