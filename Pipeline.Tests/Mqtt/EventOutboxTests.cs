using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>The outbox with no broker and a clock moved by hand.</summary>
public sealed class EventOutboxTests
{
    [Fact]
    public void Pump_ExpiredUnacknowledged_DroppedAndCounted()
    {
        using var connection = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1"));
        var outbox = new EventOutbox(connection, null, TimeProvider.System);
        var topic = connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties());
        var start = new Timestamp(1_000_000_000);
        var minute = TimeSpan.FromSeconds(60);
        outbox.Add(topic, "a"u8, start, start + minute);
        outbox.Add(topic, "b"u8, start + TimeSpan.FromSeconds(1), start + minute + TimeSpan.FromSeconds(1));

        outbox.Pump(start + minute - TimeSpan.FromTicks(1));
        Assert.Equal((2, 0), (outbox.Kept, outbox.Dropped));
        outbox.Pump(start + minute);
        Assert.Equal((1, 1), (outbox.Kept, outbox.Dropped));
        outbox.Pump(start + minute + TimeSpan.FromSeconds(1));
        Assert.Equal((0, 2), (outbox.Kept, outbox.Dropped));
    }

    [Fact]
    public void Add_Full_OldestPushedOutAndCounted()
    {
        using var connection = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1"));
        var outbox = new EventOutbox(connection, null, TimeProvider.System);
        var topic = connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties());
        var start = new Timestamp(1_000_000_000);
        for (var i = 0; i < EventOutbox.Capacity + 3; i++)
        {
            outbox.Add(topic, "x"u8, start, start + TimeSpan.FromSeconds(60));
        }

        Assert.Equal((EventOutbox.Capacity, 3), (outbox.Kept, outbox.Dropped));
    }

    [Fact]
    public void Restore_AfterARestart_KeepsUntilTheExpiryThatRemains()
    {
        var folder = Directory.CreateTempSubdirectory("forecast-outbox-").FullName;
        try
        {
            var time = new TestTimeProvider(1_800_000_000_000_000_000);
            var file = Path.Combine(folder, "events.journal");
            using var connection = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1"));
            var topic = connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties { Expiry = TimeSpan.FromSeconds(60) });
            var other = connection.CreateTopic("b/risk/event", 1, retain: false, new MqttProperties { Expiry = TimeSpan.FromSeconds(60) });
            var before = new Timestamp(5_000_000_000); // the decision clock need not be the wall clock
            using (var journal = new EventJournal(file, 1 << 16, time))
            {
                var outbox = new EventOutbox(connection, journal, time);
                outbox.Add(topic, "a"u8, before, before + TimeSpan.FromSeconds(60));
                outbox.Add(other, "b"u8, before, before + TimeSpan.FromSeconds(60));
                Assert.True(journal.Flush(TimeSpan.FromSeconds(10)));
            }

            time.Advance(TimeSpan.FromSeconds(40));
            using var reopened = new EventJournal(file, 1 << 16, time);
            var after = new EventOutbox(connection, reopened, time);
            var start = new Timestamp(9_000_000_000);
            after.Restore([topic], start);
            Assert.Equal(1, after.Kept);
            after.Pump(start + TimeSpan.FromSeconds(19));
            Assert.Equal((1, 0), (after.Kept, after.Dropped));
            after.Pump(start + TimeSpan.FromSeconds(20));
            Assert.Equal((0, 1), (after.Kept, after.Dropped));

            time.WallClockStep = TimeSpan.FromHours(-1);
            var setBack = new EventOutbox(connection, reopened, time);
            setBack.Restore([topic], start);
            setBack.Pump(start + TimeSpan.FromSeconds(60));
            Assert.Equal((0, 1), (setBack.Kept, setBack.Dropped));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
