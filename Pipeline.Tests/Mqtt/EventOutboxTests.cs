using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>The outbox with no broker and a clock moved by hand.</summary>
public sealed class EventOutboxTests
{
    [Fact]
    public void Pump_ExpiredUnacknowledged_DroppedAndCounted()
    {
        using var connection = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1"));
        var outbox = new EventOutbox(connection);
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
        var outbox = new EventOutbox(connection);
        var topic = connection.CreateTopic("a/risk/event", 1, retain: false, new MqttProperties());
        var start = new Timestamp(1_000_000_000);
        for (var i = 0; i < EventOutbox.Capacity + 3; i++)
        {
            outbox.Add(topic, "x"u8, start, start + TimeSpan.FromSeconds(60));
        }

        Assert.Equal((EventOutbox.Capacity, 3), (outbox.Kept, outbox.Dropped));
    }
}
