using System.Collections.Concurrent;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>Who may do what at the broker of data-samples, tried by real clients with certificates of their own.</summary>
[Collection(BrokerTests.Name)]
public sealed class BrokerAccessTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    private const string Vehicle = "shuttle-7";
    private const string Processor = Vehicle + BrokerAccess.ProcessorSuffix;
    private const string Observer = "observer";
    private const int NotAuthorised = 135;

    private static readonly string LiveBase = TopicTable.LiveBase(Vehicle);
    private static readonly string ReplayBase = TopicTable.ReplayBase(Vehicle, "run1");

    /// <summary>Every topic of the table, and some of nobody's.</summary>
    private static readonly string[] Topics =
    [
        .. TopicTable.All.Select(rule => LiveBase + rule.Name),
        .. TopicTable.All.Select(rule => ReplayBase + rule.Name),
        .. TopicTable.All.Select(rule => TopicTable.LiveBase("other") + rule.Name),
        LiveBase + "plan/response/" + Vehicle, LiveBase + "plan/response/" + Observer, LiveBase + "plan/response", LiveBase + "plan/response/a/b",
        LiveBase + "in/other", LiveBase + "scene/more", "forecast/v1/" + Vehicle, "elsewhere", "$SYS/broker/uptime",
    ];

    [Fact]
    public void Lines_OfTheSampleVehicle_AreTheSampleList() =>
        Assert.Equal(SharedBroker.Sample("broker.acl"), string.Join('\n', BrokerAccess.Lines([Vehicle])) + "\n");

    [Theory]
    [InlineData("a+")]
    [InlineData("a\ntopic write #")]
    [InlineData("a.processor")]
    [InlineData("")]
    public void Lines_NameThatWouldChangeTheList_IsRefused(string name) => Assert.Throws<ArgumentException>(() => BrokerAccess.Lines(["b", name]));

    [Fact]
    public void Lines_SameVehicleTwice_IsRefused() => Assert.Throws<ArgumentException>(() => BrokerAccess.Lines(["b", "b"]));

    [Fact]
    public void Publish_ByTheProcessor_AllButWhatTheVehicleWrites() => AssertWrites(Processor, topic =>
        TopicTable.All.Any(rule => rule.Writer == TopicWriter.Processor && (topic == LiveBase + rule.Name || topic == ReplayBase + rule.Name))
        || topic is "forecast/v1/shuttle-7/plan/response/shuttle-7" or "forecast/v1/shuttle-7/plan/response/observer");

    [Fact]
    public void Publish_ByTheVehicle_ItsMotionPlanAndRequestsOnly() => AssertWrites(Vehicle, topic =>
        topic is "forecast/v1/shuttle-7/in/ego" or "forecast/v1/shuttle-7/in/plan" or "forecast/v1/shuttle-7/plan/request");

    [Fact]
    public void Publish_ByAnObserver_Nothing() => AssertWrites(Observer, _ => false);

    [Fact]
    public void Subscribe_Everything_EachSeesWhatItMay()
    {
        using var observer = new MosquittoSub(broker.Port, "#", broker.Certificate(Observer), "localhost");
        using var vehicle = new MosquittoSub(broker.Port, "#", broker.Certificate(Vehicle), "localhost");
        using var processor = new MosquittoSub(broker.Port, "#", broker.Certificate(Processor), "localhost");
        foreach (var (name, own) in new[] { (Processor, TopicWriter.Processor), (Vehicle, TopicWriter.Vehicle) })
        {
            using var writer = Connected(broker.Options(name));
            foreach (var rule in TopicTable.All.Where(rule => rule.Writer == own))
            {
                Reason(writer, LiveBase + rule.Name);
            }

            if (own == TopicWriter.Processor)
            {
                Reason(writer, LiveBase + "plan/response/" + Vehicle);
                Reason(writer, LiveBase + "plan/response/" + Observer);
            }
        }

        var request = LiveBase + TopicTable.PlanRequest.Name;
        processor.WaitFor(request);
        string[] published = [.. TopicTable.All.Select(rule => LiveBase + rule.Name).Where(topic => topic != request)];
        Assert.Equal(published.Append(request).Order(), Seen(processor));
        Assert.Equal(published.Append(LiveBase + "plan/response/" + Vehicle).Order(), Seen(vehicle));
        Assert.Equal(published.Append(LiveBase + "plan/response/" + Observer).Order(), Seen(observer));
    }

    [Theory]
    [InlineData("elsewhere/shuttle-7", "ca.pem")]
    [InlineData("shuttle-7", "elsewhere/ca.pem")]
    public void Connect_CertificateOrBrokerOfAnotherAuthority_IsRefused(string certificate, string authority)
    {
        using var connection = new MqttConnection(broker.Options(certificate, authority));
        AssertAway(connection);
    }

    [Fact]
    public void Connect_WithoutCertificate_IsRefused()
    {
        using var connection = new MqttConnection(broker.Options(Vehicle) with { CertificateFile = null, KeyFile = null });
        AssertAway(connection);
    }

    [Fact]
    public void Connect_WithoutTls_IsRefused()
    {
        using var connection = new MqttConnection(broker.Options(Vehicle) with { Broker = $"mqtt://localhost:{broker.Port}", CertificateFile = null, KeyFile = null, CaFile = null });
        AssertAway(connection);
    }

    /// <summary>A certificate that is good for another name is no proof that this is the broker.</summary>
    [Fact]
    public void Connect_BrokerOfAnotherName_IsRefused()
    {
        using var connection = new MqttConnection(broker.Options(Vehicle) with { Broker = $"mqtts://127.0.0.1:{broker.Port}" });
        AssertAway(connection);
    }

    private static string[] Seen(MosquittoSub subscriber) => [.. subscriber.Messages.Select(message => message.Topic).Distinct().Order()];

    private static MqttConnection Connected(MqttConnectionOptions options)
    {
        var connection = new MqttConnection(options);
        connection.Start();
        Eventually.True(() => connection.IsConnected, $"not connected: {connection.State.Detail}");
        return connection;
    }

    private static void AssertAway(MqttConnection connection)
    {
        connection.Start();
        Eventually.True(() => connection.State.Detail != "not started", "no try");
        Thread.Sleep(300);
        Assert.Equal(0, connection.Connects);
    }

    /// <returns>The broker's answer to a QoS 1 message there.</returns>
    private static int Reason(MqttConnection connection, string topic)
    {
        var reasons = new ConcurrentQueue<int>();
        connection.Departed = departure => reasons.Enqueue(departure.Reason);
        Assert.Equal(PublishResult.Taken, connection.Publish(connection.CreateTopic(topic, 1, retain: false, new MqttProperties()), "x"u8));
        Eventually.True(() => !reasons.IsEmpty, $"no answer for {topic}");
        return reasons.TryDequeue(out var reason) ? reason : -1;
    }

    private void AssertWrites(string certificate, Predicate<string> may)
    {
        using var connection = Connected(broker.Options(certificate));
        foreach (var topic in Topics)
        {
            var refused = Reason(connection, topic) == NotAuthorised;
            Assert.True(refused != may(topic), $"{certificate} {(refused ? "may not" : "may")} write {topic}");
        }
    }
}
