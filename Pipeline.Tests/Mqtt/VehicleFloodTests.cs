using System.Globalization;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>What comes on in/ego and in/plan through a real broker: too much, too large, too old.</summary>
[Collection(BrokerTests.Name)]
public sealed class VehicleFloodTests(BrokerFixture fixture)
{
    [Fact]
    public void Source_FloodedWithMotion_ReadsItsRateAndCountsTheRest()
    {
        const int Flood = 2000;
        var topicBase = fixture.NewBase();
        using var receiver = fixture.NewConnection();
        using var source = new MqttEgoMotionSource(receiver, topicBase, new RigClock(new TestTimeProvider())); // no time passes: a second's worth is all
        var listener = new Counting();
        source.Start(listener);
        receiver.Start();
        using var attacker = fixture.NewConnection();
        attacker.Start();
        Eventually.True(() => receiver.IsConnected && attacker.IsConnected, "not connected");
        var topic = attacker.CreateTopic(topicBase + "in/ego", 1, retain: false, new MqttProperties());
        Eventually.True(() => Probe(attacker, topic) && listener.Samples > 0, "not subscribed");
        var before = listener.Samples + listener.Rejected;

        for (var i = 0; i < Flood; i++)
        {
            Eventually.True(() => attacker.Publish(topic, Ego(i + 1)) == PublishResult.Taken, "the broker takes no more");
        }

        Eventually.True(() => listener.Samples + listener.Rejected >= before + Flood, "not all came");
        Assert.Equal(MqttEgoMotionSource.EgoPerSecond, listener.Samples);
        Assert.Equal("more a second than are read", listener.Reason);
    }

    [Fact]
    public void Source_MessageLargerThanAnyThatIsMeant_IsNotRead()
    {
        var topicBase = fixture.NewBase();
        using var receiver = fixture.NewConnection();
        using var source = new MqttEgoMotionSource(receiver, topicBase, new RigClock(new TestTimeProvider()));
        var listener = new Counting();
        source.Start(listener);
        receiver.Start();
        using var attacker = fixture.NewConnection();
        attacker.Start();
        Eventually.True(() => receiver.IsConnected && attacker.IsConnected, "not connected");
        foreach (var name in new[] { "in/ego", "in/plan" })
        {
            listener.Reason = "";
            var topic = attacker.CreateTopic(topicBase + name, 1, retain: false, new MqttProperties());
            var large = Encoding.UTF8.GetBytes("{\"x\":\"" + new string('y', MqttEgoMotionSource.LargestMessage) + "\"}");
            Eventually.True(
                () =>
                {
                    attacker.Publish(topic, large);
                    Thread.Sleep(20);
                    return listener.Reason.Length > 0;
                },
                "nothing came");
            Assert.Equal("larger than 8 KiB", listener.Reason);
        }
    }

    [Fact]
    public void Source_RetainedMotion_IsNotRead()
    {
        var topicBase = fixture.NewBase();
        using var attacker = fixture.NewConnection();
        attacker.Start();
        Eventually.True(() => attacker.IsConnected, "not connected");
        var left = 0;
        attacker.Departed = _ => Interlocked.Increment(ref left);
        attacker.Publish(attacker.CreateTopic(topicBase + "in/ego", 1, retain: true, new MqttProperties()), Ego(1));
        Eventually.True(() => Volatile.Read(ref left) == 1, "not taken");

        using var receiver = fixture.NewConnection();
        using var source = new MqttEgoMotionSource(receiver, topicBase, new RigClock(new TestTimeProvider()));
        var listener = new Counting();
        source.Start(listener);
        receiver.Start();

        Eventually.True(() => listener.Rejected == 1, "nothing came");
        Assert.Equal((0, "retained: older than the subscription"), (listener.Samples, listener.Reason));
    }

    private static bool Probe(MqttConnection connection, MqttTopic topic)
    {
        connection.Publish(topic, Ego(1));
        Thread.Sleep(20);
        return true;
    }

    private static byte[] Ego(int time) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $$"""{"capture_time_ns":"{{time}}","speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":0}"""));

    private sealed class Counting : IEgoMotionListener
    {
        private int _samples;
        private int _rejected;

        public int Samples => Volatile.Read(ref _samples);

        public int Rejected => Volatile.Read(ref _rejected);

        public volatile string Reason = "";

        public void OnEgo(in EgoSample sample) => Interlocked.Increment(ref _samples);

        public void OnPlan(PlanSample plan) => Interlocked.Increment(ref _samples);

        public void OnRejected(string reason)
        {
            Reason = reason;
            Interlocked.Increment(ref _rejected);
        }
    }
}
