using System.Diagnostics;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;

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

    [Fact]
    public void Restore_FirstProcessNeverReachedABroker_SecondSendsWithTheExpiryThatRemains()
    {
        var folder = Directory.CreateTempSubdirectory("forecast-outbox-").FullName;
        try
        {
            var time = new TestTimeProvider(1_800_000_000_000_000_000);
            var file = Path.Combine(folder, "events.journal");
            var minute = TimeSpan.FromSeconds(60);
            var now = new Timestamp(5_000_000_000);
            using (var away = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1")))
            using (var journal = new EventJournal(file, 1 << 16, time))
            {
                var first = new EventOutbox(away, journal, time);
                var lost = away.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties { Expiry = minute });
                for (var i = 0; i < EventOutbox.Window * 2; i++)
                {
                    first.Add(lost, BitConverter.GetBytes('a' + (i << 8)).AsSpan(0, 2), now, now + minute);
                }

                Assert.True(journal.Flush(TimeSpan.FromSeconds(10)));
            }

            time.Advance(TimeSpan.FromSeconds(40));
            using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
            using var heard = new MosquittoSub(broker.Port, "a/#");
            using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
            using var kept = new EventJournal(file, 1 << 16, time);
            var outbox = new EventOutbox(connection, kept, time);
            var topic = connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties { Expiry = minute });
            outbox.Restore([topic], now);
            connection.Departed = gone => outbox.OnAcknowledged(gone.MessageId, gone.Reason >= MqttConnection.FirstFailure);
            connection.Connected += () => outbox.OnConnected(now);
            connection.Acknowledged += () => outbox.Pump(now);
            connection.Start();

            Eventually.True(() => heard.Messages.Length == EventOutbox.Window * 2, "not every event was sent again");
            Assert.All(heard.Messages, message => Assert.InRange(message.ExpiryS ?? -1, 1, 20));
            Assert.Equal(EventOutbox.Window * 2, heard.Messages.Select(message => message.Payload).Distinct().Count());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
