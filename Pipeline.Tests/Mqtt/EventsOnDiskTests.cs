using System.Globalization;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Xunit.Abstractions;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>The sink with a journal: killed, without room on the disk, and through a minute without a broker.</summary>
[Collection(BrokerTests.Name)]
public sealed class EventsOnDiskTests(BrokerFixture fixture, ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-events-").FullName;

    private string File => Path.Combine(_folder, "events.journal");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Dispose_SinkWithAJournal_TheNextSinkSendsWhatNoBrokerTook()
    {
        var topicBase = fixture.NewBase();
        var risen = new List<Guid>();
        using (var away = new MqttConnection(BrokerFixture.Options("mqtt://127.0.0.1:1")))
        using (var journal = new EventJournal(File, 1 << 16, TimeProvider.System))
        using (var sink = MqttForecastSinkTests.Sink(away, topicBase, journal))
        {
            for (var tick = 1; tick <= 3; tick++)
            {
                var forecast = MqttForecastSinkTests.Tick(tick, AlarmEdge.Rising);
                risen.Add(forecast.Alarm!.Id);
                sink.Publish(forecast);
            }

            Assert.True(journal.Flush(TimeSpan.FromSeconds(10)));
            Assert.Equal((3, 0), (sink.EventsKept, sink.EventsDropped));
        }

        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "risk/event");
        using var connection = fixture.NewConnection();
        using var kept = new EventJournal(File, 1 << 16, TimeProvider.System);
        using var next = MqttForecastSinkTests.Sink(connection, topicBase, kept);
        connection.Start();

        AssertHeard(subscriber, risen);
        Assert.All(subscriber.Messages, message => Assert.InRange(message.ExpiryS!.Value, 1, 60));
        var report = new OutboxReport();
        next.Fill(report);
        Assert.Equal((3, false), (report.Events, report.MemoryOnly));
        Assert.InRange(report.Bytes, 100, 1 << 16);
    }

    /// <summary>A child, because the limit is the process's: a full disk for any user.</summary>
    [Fact]
    public void Publish_DiskWithoutRoom_EventsGoOverMqttAndAreOnDiskWhenThereIsRoomAgain()
    {
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(fixture.Broker.Port, topicBase + "risk/event");
        List<Guid> risen;
        using (var child = new ChildOutbox(fixture.Broker.Url, topicBase, File))
        {
            risen = child.Raise(1);
            Assert.True(child.Flush());
            child.LeaveRoom(new FileInfo(File).Length + 10);

            risen.AddRange(child.Raise(5));
            Assert.False(child.Flush());

            AssertHeard(subscriber, risen);
            Assert.NotEqual("", child.Trouble());
            Assert.Single(Content()); // what was on disk is whole
            child.LeaveRoom(1 << 20);
            Eventually.True(() => child.Trouble() == "", "the disk was not tried again");
        }

        Assert.Equal(6, Content().Count);
    }

    [Fact]
    public void Publish_AMinuteWithoutBroker_NothingIsLostAndItIsDrainedSoon()
    {
        using var broker = new EndToEnd.Mosquitto();
        var topicBase = fixture.NewBase();
        using var subscriber = new MosquittoSub(broker.Port, topicBase + "risk/event", "-c", "-i", "kept", "-x", "600");
        Eventually.True(() => broker.Saved("kept"), "the broker did not save the subscriber's session");
        var time = new TestTimeProvider(1_800_000_000_000_000_000);
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        using var journal = new EventJournal(File, 1 << 22, time);
        using var sink = MqttForecastSinkTests.Sink(connection, topicBase, journal, time);
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");

        broker.Kill();
        Eventually.True(() => !connection.IsConnected, "the loss was not noticed");
        var risen = new List<Guid>();
        for (var tick = 0; tick < 240; tick++)
        {
            var forecast = MqttForecastSinkTests.Tick(tick, AlarmEdge.Rising);
            sink.Publish(forecast);
            time.Advance(TimeSpan.FromSeconds(0.25));
            if (tick >= 20) // the first five seconds' expire before or as the broker is back
            {
                risen.Add(forecast.Alarm!.Id);
            }
        }

        Assert.InRange(new FileInfo(File).Length, 1, 1 << 22);
        broker.Start();
        Eventually.True(() => connection.IsConnected, "it did not come back");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        AssertHeard(subscriber, risen);
        var took = System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{risen.Count} events of a minute without broker drained {took:0.00} s after the reconnect"));
        Assert.InRange(took, 0, 5);
        Assert.Equal(1, sink.EventsDropped); // the very first, a minute old
    }

    private static void AssertHeard(MosquittoSub subscriber, List<Guid> risen) =>
        Eventually.True(() => risen.TrueForAll(Heard(subscriber).Contains), "not every event was heard");

    private static HashSet<Guid> Heard(MosquittoSub subscriber) => [.. subscriber.Messages.Select(MqttForecastSinkTests.EventId)];

    private IReadOnlyList<JournalRecord> Content() => JournalScan.Of(System.IO.File.ReadAllBytes(File).AsSpan(8)).Records;
}
