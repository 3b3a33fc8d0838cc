using System.Buffers.Binary;
using System.Diagnostics;
using Forecast.Adapters.Mqtt;

namespace Forecast.Benchmarks.Peers;

/// <summary>From publish to receive with two of our connections in one process, QoS 0, one message at a time.</summary>
public static class PublishLoop
{
    private const int Settle = 100;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <returns>Milliseconds of each message, in their order; those that warm up left out.</returns>
    public static IReadOnlyList<double> Measure(string broker, int bytes, double rateHz, int messages)
    {
        const string Name = "peers/forecast";
        var took = new List<double>(messages + Settle);
        using var receiver = new MqttConnection(new MqttConnectionOptions { Broker = broker, ClientId = $"bench-{Guid.NewGuid():N}" });
        using var sender = new MqttConnection(new MqttConnectionOptions { Broker = broker, ClientId = $"bench-{Guid.NewGuid():N}" });
        receiver.Subscribe(Name, 0, (in MqttMessage message) => took.Add(Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64LittleEndian(message.Payload)).TotalMilliseconds));
        var topic = sender.CreateTopic(Name, 0, retain: false, new MqttProperties());
        receiver.Start();
        sender.Start();
        if (!SpinWait.SpinUntil(() => receiver.IsConnected && sender.IsConnected, ConnectLimit))
        {
            throw new InvalidOperationException("no broker in the benchmark");
        }

        Thread.Sleep(200); // until the subscription is acknowledged
        var payload = new byte[bytes];
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages + Settle; i++)
        {
            var wait = TimeSpan.FromSeconds(i / rateHz) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }

            BinaryPrimitives.WriteInt64LittleEndian(payload, Stopwatch.GetTimestamp());
            sender.Publish(topic, payload);
        }

        Thread.Sleep(300);
        receiver.Dispose(); // nothing is added after it
        return [.. took.Skip(Settle)];
    }
}
