using System.Text.Json;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Mqtt;

[Collection(BrokerTests.Name)]
public sealed class MqttForecastSinkTests(BrokerFixture fixture)
{
    private const int Kill = 9;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Publish_EveryTopic_AsTheTableSays()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        using var connection = fixture.NewConnection();
        using var sink = Sink(connection, topicBase);
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        var first = Tick(1, AlarmEdge.Rising);
        (first.SurpriseEdge, first.NoveltyEdge) = (AlarmEdge.Rising, AlarmEdge.Rising);
        Assert.Equal(SinkResult.Taken, sink.Publish(first));
        Assert.Equal(SinkResult.Taken, sink.PublishHealth(ForecastSamples.Health()));
        Assert.Equal(SinkResult.Taken, sink.PublishLatency(ForecastSamples.Latency()));

        foreach (var rule in TopicTable.All.Where(rule => rule.Writer == TopicWriter.Processor))
        {
            var message = subscriber.WaitFor(topicBase + rule.Name);
            Assert.Equal(rule.Qos, message.Qos);
            Assert.Equal((int?)rule.Expiry?.TotalSeconds, message.ExpiryS);
            Assert.Equal("application/json", message.ContentType);
            Assert.Equal("forecast.v1", message.Schema);
            Assert.Equal(ForecastSamples.Session.ToString(), Envelope(message).GetProperty("session").GetString());
        }

        using var late = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        foreach (var rule in TopicTable.All.Where(rule => rule.Retain))
        {
            Assert.True(late.WaitFor(topicBase + rule.Name).Retained);
        }

        Assert.Equal(3, late.Messages.Length);
    }

    [Fact]
    public void Publish_Ticks_EachDepartsOnceAndNothingIsAllocated()
    {
        using var connection = fixture.NewConnection();
        using var sink = Sink(connection, fixture.NewBase());
        var departed = new long[1000];
        var count = 0;
        sink.Published = departure =>
        {
            departed[count++] = departure.CaptureFirst.Nanoseconds == 1_000_000 * departure.Tick ? departure.Tick : -1;
        };
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        var forecast = Tick(0, AlarmEdge.None);
        void PublishMany(int first, int last)
        {
            for (var tick = first; tick <= last; tick++)
            {
                forecast.Tick = tick;
                forecast.CaptureFirst = new Timestamp(1_000_000L * tick);
                while (sink.Publish(forecast) != SinkResult.Taken)
                {
                    Thread.Yield();
                }
            }
        }

        PublishMany(1, 50);
        var next = 51;
        var allocated = SteadyState.Allocated(() =>
        {
            PublishMany(next, next + 99);
            next += 100;
        });

        Assert.True(sink.Flush(Second));
        Assert.Equal(0, allocated);
        Assert.Equal(350, count);
        Assert.Equal(Enumerable.Range(1, 350).Select(tick => (long)tick), departed.Take(count));
        Assert.Equal(0, connection.HandlerFailures);
    }

    [Fact]
    public void Publish_Away_RefusedAndTheGapShows()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        using var connection = fixture.NewConnection();
        using var sink = Sink(connection, topicBase);

        Assert.Equal(SinkResult.Away, sink.Publish(Tick(1, AlarmEdge.None)));
        Assert.Equal(SinkResult.Away, sink.Publish(Tick(2, AlarmEdge.None)));
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        Assert.Equal(SinkResult.Taken, sink.Publish(Tick(3, AlarmEdge.None)));

        foreach (var topic in new[] { "scene", "risk", "plan" })
        {
            Assert.Equal("2", Envelope(subscriber.WaitFor(topicBase + topic)).GetProperty("sequence").GetString());
        }
    }

    [Fact]
    public void Dispose_Connected_SaysOfflineRetained()
    {
        var topicBase = fixture.NewBase();
        using var connection = fixture.NewConnection();
        var sink = Sink(connection, topicBase);
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        sink.Dispose();

        using var late = new MosquittoSub(fixture.Broker.Port, topicBase + "status");
        var status = JsonDocument.Parse(late.WaitFor(topicBase + "status").Payload).RootElement;
        Assert.Equal("STATUS_STATE_OFFLINE", status.GetProperty("state").GetString());
        Assert.Equal("stopped", status.GetProperty("reason").GetString());
    }

    [Fact]
    public void Publish_BrokerKilledMeanwhile_NoEventLostAndNoForecastReplayed()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { RestartDelay = Second * 2 });
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(broker.Port, topicBase + "#", "-c", "-i", "kept", "-x", "600");
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        using var sink = Sink(connection, topicBase);
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        Eventually.True(() => broker.Saved("kept"), "the broker did not save the subscriber's session");
        var before = Tick(1, AlarmEdge.Rising);
        Assert.Equal(SinkResult.Taken, sink.Publish(before));
        subscriber.WaitFor(topicBase + "risk/event", message => EventId(message) == before.Alarm!.Id);

        Assert.Equal(0, LibC.Kill(broker.ProcessId, Kill));
        Eventually.True(() => !connection.IsConnected, "the loss was not noticed");
        var during = Tick(2, AlarmEdge.Rising);
        Assert.Equal(SinkResult.Away, sink.Publish(during));
        Eventually.True(() => connection.IsConnected, "it did not come back");
        var after = Tick(3, AlarmEdge.Rising);
        Assert.Equal(SinkResult.Taken, sink.Publish(after));

        foreach (var edge in new[] { during, after })
        {
            subscriber.WaitFor(topicBase + "risk/event", message => EventId(message) == edge.Alarm!.Id);
        }

        Eventually.True(() => subscriber.Messages.Count(message => message.Topic == topicBase + "risk/event" && EventId(message) == before.Alarm!.Id) >= 2, "the acknowledged event was not sent again");
        Assert.All(subscriber.Messages.Where(message => message.Topic == topicBase + "risk/event"), message => Assert.InRange(message.ExpiryS!.Value, 50, 60));
        Assert.DoesNotContain(subscriber.Messages, message => message.Topic == topicBase + "scene" && Envelope(message).GetProperty("frame_set").GetProperty("tick").GetString() == "2");
        Assert.Equal(3, sink.EventsKept);
        Assert.Equal(0, sink.EventsDropped);
        Assert.True(subscriber.Messages.Count(message => message.Topic == topicBase + "model") >= 2, "the model was not published again");
    }

    internal static MqttForecastSink Sink(MqttConnection connection, string topicBase, EventJournal? journal = null, TimeProvider? time = null) => new(
        connection,
        topicBase,
        () => new ForecastEncoder(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, MessageEncoding.Json),
        new RigClock(time ?? TimeProvider.System),
        journal);

    internal static SceneForecast Tick(long tick, AlarmEdge edge)
    {
        var forecast = ForecastSamples.Complete();
        forecast.Tick = tick;
        (forecast.Edge, forecast.SurpriseEdge, forecast.NoveltyEdge) = (edge, AlarmEdge.None, AlarmEdge.None);
        forecast.Alarm = new AlarmEvent(Guid.NewGuid(), new Timestamp(tick));
        return forecast;
    }

    private static JsonElement Envelope(Received message) => JsonDocument.Parse(message.Payload).RootElement.GetProperty("envelope");

    internal static Guid EventId(Received message)
    {
        var alarm = JsonDocument.Parse(message.Payload).RootElement.GetProperty("alarm");
        return alarm.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.String).Select(field => Guid.TryParse(field.Value.GetString(), out var id) ? id : default).FirstOrDefault(id => id != default);
    }
}
