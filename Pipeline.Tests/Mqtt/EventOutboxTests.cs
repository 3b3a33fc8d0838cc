using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Telemetry;

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
            Assert.Equal(40, Report(after, start).OldestAgeS, 3);
            after.Pump(start + TimeSpan.FromSeconds(19));
            Assert.Equal((1, 0), (after.Kept, after.Dropped));
            after.Pump(start + TimeSpan.FromSeconds(20));
            Assert.Equal((0, 0), (after.Kept, after.Dropped)); // whoever came before may have delivered it
            Assert.Equal(1, Report(after, start).Dropped[(int)OutboxDrop.Restored]);

            time.WallClockStep = TimeSpan.FromHours(-1);
            var setBack = new EventOutbox(connection, reopened, time);
            setBack.Restore([topic], start);
            setBack.Pump(start + TimeSpan.FromSeconds(60));
            Assert.Equal((0, 0), (setBack.Kept, setBack.Dropped));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Add_JournalThatTakesNothing_IsKeptInMemoryAndCounted()
    {
        var folder = Directory.CreateTempSubdirectory("forecast-outbox-").FullName;
        var time = new TestTimeProvider(1_800_000_000_000_000_000);
        var journal = new EventJournal(Path.Combine(folder, "events.journal"), 1 << 16, time);
        journal.Dispose();
        using var connection = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1"));
        var outbox = new EventOutbox(connection, journal, time);
        var start = new Timestamp(1_000_000_000);

        outbox.Add(connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties()), "a"u8, start, start + TimeSpan.FromSeconds(60));

        var report = Report(outbox, start + TimeSpan.FromSeconds(2));
        Assert.Equal((1, 2.0), (report.Events, report.OldestAgeS));
        Assert.Equal([0L, 0, 0, 0, 1], report.Dropped);
        Directory.Delete(folder, recursive: true);
    }

    private static OutboxReport Report(EventOutbox outbox, Timestamp now)
    {
        var report = new OutboxReport();
        outbox.Fill(report, now);
        return report;
    }
}
