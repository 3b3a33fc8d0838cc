using System.Text;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

[Collection(BrokerTests.Name)]
public sealed class MqttConnectionTests(BrokerFixture fixture)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Publish_AllProperties_ArriveUnchanged()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        using var connection = fixture.NewConnection();
        var topic = connection.CreateTopic(topicBase + "answer", 1, retain: false, new MqttProperties
        {
            ContentType = "application/json",
            SchemaVersion = "forecast.v1",
            Expiry = TimeSpan.FromSeconds(2.5),
            ResponseTopic = topicBase + "response",
            CorrelationData = "abc"u8.ToArray(),
        });
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        Assert.Equal(PublishResult.Taken, connection.Publish(topic, "{\"x\":1}"u8));

        var message = subscriber.WaitFor(topic.Name);
        Assert.Equal("{\"x\":1}", message.Payload);
        Assert.Equal("application/json", message.ContentType);
        Assert.Equal("forecast.v1", message.Schema);
        Assert.Equal(3, message.ExpiryS);
        Assert.Equal(topicBase + "response", message.ResponseTopic);
        Assert.Equal("abc", message.Correlation);
        Assert.Equal(1, message.Qos);
        Assert.True(connection.Flush(Second));
        Assert.Equal(1, topic.Sent);
    }

    [Fact]
    public void Publish_Qos0_DepartsWithItsTagAndAllocatesNothing()
    {
        using var connection = fixture.NewConnection();
        var topic = connection.CreateTopic(fixture.NewBase() + "scene", 0, retain: false, new MqttProperties { ContentType = "application/json", Expiry = Second });
        long departed = 0;
        long tags = 0;
        connection.Departed = departure =>
        {
            departed++;
            tags += departure.Tag;
        };
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        var payload = new byte[10_000];
        long expectedTags = 0;
        var taken = 0;
        void PublishMany(int count)
        {
            for (var i = 1; i <= count; i++)
            {
                while (connection.Publish(topic, payload, tag: i) != PublishResult.Taken)
                {
                    Thread.Yield();
                }

                expectedTags += i;
                taken++;
            }
        }

        PublishMany(100);
        var allocated = SteadyState.Allocated(() => PublishMany(500));

        Assert.True(connection.Flush(10 * Second));
        Assert.Equal(0, allocated);
        Assert.Equal(taken, departed);
        Assert.Equal(expectedTags, tags);
        Assert.Equal(0, connection.HandlerFailures);
    }

    [Fact]
    public void Subscribe_WildcardAndProperties_HandlerSeesThem()
    {
        var topicBase = fixture.NewBase();
        using var receiver = fixture.NewConnection();
        var seen = new List<string>();
        receiver.Subscribe(topicBase + "+/request", 1, (in MqttMessage message) =>
        {
            var text = $"{Encoding.UTF8.GetString(message.Topic)} {Encoding.UTF8.GetString(message.Payload)} {message.ContentType} {message.ResponseTopic} {Encoding.UTF8.GetString(message.CorrelationData())}";
            lock (seen)
            {
                seen.Add(text);
            }
        });
        receiver.Start();
        using var sender = fixture.NewConnection();
        var topic = sender.CreateTopic(topicBase + "plan/request", 1, retain: true, new MqttProperties { ContentType = "a/b", ResponseTopic = "r/t", CorrelationData = "id"u8.ToArray() });
        sender.Start();
        Eventually.True(() => sender.IsConnected, "not connected");
        sender.Publish(topic, "hello"u8);

        Eventually.True(() => { lock (seen) { return seen.Count > 0; } }, "nothing came");
        lock (seen)
        {
            Assert.Equal($"{topicBase}plan/request hello a/b r/t id", seen[0]);
        }
    }

    [Fact]
    public void Handler_Throws_ConnectionLivesAndCountsIt()
    {
        var topicBase = fixture.NewBase();
        using var connection = fixture.NewConnection();
        connection.Subscribe(topicBase + "in", 1, (in MqttMessage _) => throw new InvalidOperationException("a handler's fault"));
        var topic = connection.CreateTopic(topicBase + "in", 1, retain: false, new MqttProperties());
        connection.Departed = _ => throw new InvalidOperationException("another's");
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        Eventually.True(() => connection.Publish(topic, "x"u8) == PublishResult.Taken && connection.HandlerFailures >= 2, "the failures were not counted");

        Assert.True(connection.IsConnected);
        Assert.Equal(1, connection.Connects);
    }

    [Fact]
    public void Publish_BrokerNotThereAtStart_AwayAndSaysSoUntilItComes()
    {
        using var first = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        var port = first.Port;
        first.Dispose();
        var told = new List<MqttState>();
        using var connection = new MqttConnection(BrokerFixture.Options($"mqtt://127.0.0.1:{port}"));
        var topic = connection.CreateTopic("a/b", 0, retain: false, new MqttProperties());
        connection.StateChanged += state => { lock (told) { told.Add(state); } };
        connection.Start();

        Eventually.True(() => { lock (told) { return told.Count > 0; } }, "it said nothing");
        Assert.Equal(PublishResult.Away, connection.Publish(topic, "x"u8));
        Assert.Contains($"127.0.0.1:{port}", connection.State.Detail, StringComparison.Ordinal);
        Assert.Contains("refused", connection.State.Detail, StringComparison.OrdinalIgnoreCase);

        using var second = EmbeddedBroker.Start(new EmbeddedBrokerOptions { Port = port });
        Eventually.True(() => connection.IsConnected, "it did not come back");
        Assert.Equal(PublishResult.Taken, connection.Publish(topic, "x"u8));
    }

    [Fact]
    public void Will_ConnectionCutWithoutGoodbye_BrokerSpeaksIt()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "status");
        using var child = ChildPublisher.Start(fixture.Broker.Url, topicBase);
        subscriber.WaitFor(topicBase + "status", message => message.Payload == "online");

        child.Kill();

        var will = subscriber.WaitFor(topicBase + "status", message => message.Payload == "offline");
        Assert.Equal("text/plain", will.ContentType);
        using var late = new MosquittoSub(fixture.Broker.Port, topicBase + "status");
        Assert.True(late.WaitFor(topicBase + "status", message => message.Payload == "offline").Retained);
    }

    [Fact]
    public void Dispose_Connected_BrokerDoesNotSpeakTheWill()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        for (var i = 0; i < 30; i++) // the farewell raced the connection's own thread once in some ten
        {
            var connection = fixture.NewConnection();
            var status = connection.CreateTopic(topicBase + "status", 1, retain: false, new MqttProperties());
            connection.Will = new MqttWill(status, "offline"u8.ToArray());
            connection.Start();
            Eventually.True(() => connection.IsConnected, "not connected");
            connection.Dispose();
        }

        using var marker = fixture.NewConnection();
        var done = marker.CreateTopic(topicBase + "done", 1, retain: false, new MqttProperties());
        marker.Start();
        Eventually.True(() => marker.IsConnected, "not connected");
        marker.Publish(done, "x"u8);

        subscriber.WaitFor(topicBase + "done");
        Assert.DoesNotContain(subscriber.Messages, message => message.Topic == topicBase + "status");
    }

    [Theory]
    [InlineData("http://host", "is no mqtt://")]
    [InlineData("mqtt://me:secret@host", "carries a user or password")]
    [InlineData("mqtt://host/path", "has a path")]
    [InlineData("nonsense", "is no mqtt://")]
    public void Checked_BadBroker_SaysWhatAndKeepsSecrets(string url, string expected)
    {
        var options = new MqttConnectionOptions { Broker = url, ClientId = "x" };

        var problem = Assert.Throws<ArgumentException>(() => options.Checked());

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem.Message + options, StringComparison.Ordinal);
    }

    [Fact]
    public void Checked_SeveralMistakes_AllInOneLine()
    {
        var options = new MqttConnectionOptions
        {
            Broker = "mqtt://host", ClientId = "", KeepAlive = Second, CertificateFile = "/nowhere/cert.pem", PasswordVariable = "FORECAST_TEST_NOT_SET",
        };

        var problem = Assert.Throws<ArgumentException>(() => options.Checked()).Message;

        foreach (var part in new[] { "client id", "keep-alive", "go together", "need an mqtts", "needs a user", "not set", "'/nowhere/cert.pem' is not there" })
        {
            Assert.Contains(part, problem, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\n', problem);
    }
}
