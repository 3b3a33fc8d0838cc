using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fixtures;
using Forecast.Pipeline.Tests.Mqtt;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast run` and the events' file: what a killed process left is sent; a file that cannot be had is said and stops nothing. The cameras never answer.</summary>
[Collection(EndToEndTests.Name)]
public sealed class OutboxRunTests : IDisposable
{
    private const int Kill = 9;
    private static readonly string[] Cameras = ["front", "front_left", "front_right", "rear", "rear_left", "rear_right"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Calm, Needs.Broker, Needs.Subscriber)]
    public void Run_AfterAProcessThatWasKilled_SendsWhatRemained()
    {
        using var broker = new Mosquitto();
        var topicBase = TopicTable.LiveBase("car-7");
        using var subscriber = new MosquittoSub(broker.Port, topicBase + "#");
        var journal = _folder.At("state/car-7/events.journal");
        List<Guid> risen;
        using (var killed = new ChildOutbox("mqtt://127.0.0.1:1", topicBase, journal))
        {
            risen = killed.Raise(40);
            Assert.True(killed.Flush());
        }

        using var run = Start(broker, _folder.Path);
        run.WaitForLine($"outbox {journal}: 40 events of an earlier run", Limit);
        Eventually.True(() => risen.TrueForAll(Events(subscriber).Select(MqttForecastSinkTests.EventId).Contains), "not every event was sent");
        Assert.All(Events(subscriber), message => Assert.InRange(message.ExpiryS!.Value, 1, 60));
        run.Signal(Kill); // and what was sent is still there for whoever comes next: a broker may lose what it acknowledged
        run.WaitForExit(Limit);
        Assert.Equal(40, JournalScan.Of(File.ReadAllBytes(journal).AsSpan(8)).Records.Count);
    }

    [EndToEndFact(Needs.Calm, Needs.Broker, Needs.Subscriber)]
    public async Task Run_JournalHeldByAnotherRun_SaysSoInOneLineAndGoesOn()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, TopicTable.LiveBase("car-7") + "health");
        using var other = new EventJournal(_folder.At("state/car-7/events.journal"), 1 << 16, TimeProvider.System);
        var port = Mosquitto.FreePort();
        using var run = Start(broker, _folder.Path, port);

        Eventually.True(() => run.HasExited || Array.Exists(subscriber.Messages, message => message.Payload.Contains("\"outbox_memory_only\"", StringComparison.Ordinal)), "health does not say it", withinS: 120);

        Assert.False(run.HasExited, run.ToString());
        Assert.Single(run.Error, line => line.StartsWith("forecast: warning: outbox: ", StringComparison.Ordinal) && line.Contains("another run holds this journal", StringComparison.Ordinal));
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync($"http://127.0.0.1:{port}/metrics");
        Assert.Contains("forecast_outbox_events 0\n", metrics, StringComparison.Ordinal);
        run.Signal(ForecastProgram.Terminate);
        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
    }

    private static Received[] Events(MosquittoSub subscriber) => Array.FindAll(subscriber.Messages, message => message.Topic.EndsWith("/risk/event", StringComparison.Ordinal));

    private ForecastProgram Start(Mosquitto broker, string folder, int metrics = 0)
    {
        var nowhere = Mosquitto.FreePort();
        _folder.Write("car.yaml", $$"""
            vehicle: car-7
            rig: {{Needs.Folder(Needs.Calm)}}/rig.json
            cameras:
            {{string.Join('\n', Cameras.Select(name => $"  - {{ name: {name}, source: \"http://127.0.0.1:{nowhere}/camera.mjpg\" }}"))}}
            broker: { url: "{{broker.Url}}" }
            metrics: { port: {{metrics}} }
            outbox: { path: state/car-7/events.journal }
            """);
        return new ForecastProgram(folder, "run", "--config", _folder.At("car.yaml"), "--model", TinyModel.Folder);
    }
}
