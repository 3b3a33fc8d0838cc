using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.EndToEnd;
using Xunit.Abstractions;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>
/// A broker with persistence is killed again and again (SIGKILL) under a sink that publishes at 20 Hz; a subscriber with a persistent session hears every event, and no forecast that was
/// published before a kill after it.
/// </summary>
[Collection(EndToEndTests.Name)]
public sealed class BrokerKillTests(ITestOutputHelper output) : IDisposable
{
    private const int TicksPerEvent = 8;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Down = TimeSpan.FromMilliseconds(300);

    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-kills-").FullName;
    private readonly List<Guid> _risen = [];
    private readonly List<long> _published = []; // when, by tick; Stopwatch
    private volatile bool _end;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [EndToEndFact(Needs.Broker, Needs.Subscriber)]
    public void Publish_BrokerKilledThreeTimes_NoEventLostAndNoForecastStale() => KillTimes(3);

    [EndToEndFact(Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Publish_BrokerKilledTwentyTimes_NoEventLostAndNoForecastStale() => KillTimes(20);

    private void KillTimes(int times)
    {
        using var broker = new Mosquitto();
        var topicBase = TopicTable.LiveBase("kills");
        using var subscriber = new MosquittoSub(broker.Port, topicBase + "#", "-c", "-i", "kept", "-x", "3600");
        Eventually.True(() => broker.Saved("kept"), "the broker did not save the subscriber's session");
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        using var journal = new EventJournal(Path.Combine(_folder, "events.journal"), 1 << 22, TimeProvider.System);
        using var sink = MqttForecastSinkTests.Sink(connection, topicBase, journal);
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        var publisher = new Thread(() => Publish(sink));
        publisher.Start();
        var back = new List<long>();
        var reconnects = new List<double>();
        try
        {
            for (var kill = 0; kill < times; kill++)
            {
                var more = Risen().Count + 2;
                var since = back.Count == 0 ? 0 : back[^1];
                Eventually.True(() => Risen().Count >= more && Array.Exists(subscriber.Messages, message => IsForecast(message) && message.HeardAt > since), "the subscriber did not come back");
                WaitUntilHeard(subscriber, Risen());
                broker.Kill();
                Thread.Sleep(Down);
                broker.Start();
                var listening = Stopwatch.GetTimestamp();
                Eventually.True(() => connection.IsConnected, "it did not come back");
                back.Add(Stopwatch.GetTimestamp());
                reconnects.Add(Stopwatch.GetElapsedTime(listening).TotalSeconds);
            }
        }
        finally
        {
            _end = true;
            publisher.Join();
        }

        WaitUntilHeard(subscriber, Risen());
        Report(subscriber, reconnects, back);
        Assert.Equal(0, sink.EventsDropped);
    }

    private void Report(MosquittoSub subscriber, List<double> reconnects, List<long> back)
    {
        var heard = Heard(subscriber);
        var lost = Risen().Count(id => !heard.Contains(id));
        var ages = Forecasts(subscriber).ToList();
        var stale = ages.Count(one => back.Exists(moment => one.Published < moment && one.Heard > moment));
        var late = ages.Count(one => Stopwatch.GetElapsedTime(one.Published, one.Heard) > TimeSpan.FromSeconds(0.5));
        reconnects.Sort();
        var p95 = reconnects[(int)Math.Ceiling(0.95 * reconnects.Count) - 1];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{reconnects.Count} kills: reconnect p95 {p95:0.000} s (p50 {reconnects[reconnects.Count / 2]:0.000}), events {Risen().Count}, lost {lost}, forecasts heard {ages.Count}, stale {stale}, older than 0.5 s {late}"));
        Assert.Equal((0, 0), (lost, stale));
        Assert.InRange(p95, 0, 1);
    }

    /// <summary>On a thread of its own, until the end.</summary>
    private void Publish(MqttForecastSink sink)
    {
        for (var tick = 0; !_end; tick++)
        {
            var forecast = MqttForecastSinkTests.Tick(tick, tick % TicksPerEvent == 0 ? AlarmEdge.Rising : AlarmEdge.None);
            lock (_risen)
            {
                _published.Add(Stopwatch.GetTimestamp());
                if (tick % TicksPerEvent == 0)
                {
                    _risen.Add(forecast.Alarm!.Id);
                }
            }

            sink.Publish(forecast);
            Thread.Sleep(Period);
        }
    }

    private List<Guid> Risen()
    {
        lock (_risen)
        {
            return [.. _risen];
        }
    }

    private static void WaitUntilHeard(MosquittoSub subscriber, List<Guid> events) =>
        Eventually.True(() => events.TrueForAll(Heard(subscriber).Contains), "an event was lost", withinS: 30);

    private static HashSet<Guid> Heard(MosquittoSub subscriber) =>
        [.. subscriber.Messages.Where(message => message.Topic.EndsWith("/risk/event", StringComparison.Ordinal)).Select(MqttForecastSinkTests.EventId)];

    private static bool IsForecast(Received message) =>
        message.Topic.EndsWith("/risk", StringComparison.Ordinal) || message.Topic.EndsWith("/plan", StringComparison.Ordinal) || message.Topic.EndsWith("/scene", StringComparison.Ordinal);

    private IEnumerable<(long Published, long Heard)> Forecasts(MosquittoSub subscriber) =>
        from message in subscriber.Messages
        where IsForecast(message)
        let tick = JsonDocument.Parse(message.Payload).RootElement.GetProperty("envelope").GetProperty("frame_set").GetProperty("tick").GetString()
        select (_published[int.Parse(tick, CultureInfo.InvariantCulture)], message.HeardAt);
}
