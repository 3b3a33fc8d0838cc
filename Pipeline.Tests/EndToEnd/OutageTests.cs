using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The broker dies in the middle of a live run.</summary>
[Collection(EndToEndTests.Name)]
public sealed class OutageTests : IDisposable
{
    private const long TickOfTheOutage = 15;
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The near miss comes about while nobody listens: its event must be heard all the same.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber, "ffmpeg")]
    [Trait("Category", "Slow")]
    public void Run_BrokerKilledForTenSeconds_GoesOnAndLosesNoRiskEvent()
    {
        var drive = LongDrive.Write(Needs.Folder(Needs.NearMiss), _folder.At("drive"));
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#", "-c", "-i", "vehicle-stack", "-x", "3600");
        using var run = new ForecastProgram(_folder.Path, "replay", drive, "--as-live", "--broker", broker.Url, "--metrics", "0", "--summary", "live.json");
        WaitForTick(run, subscriber, TickOfTheOutage);

        broker.Kill();
        Thread.Sleep(Outage);
        Assert.False(run.HasExited, run.ToString());
        broker.Start();
        WaitForTick(run, subscriber, TickOfTheOutage + (long)(Outage.TotalSeconds * 10));
        Eventually.True(() => Array.Exists(subscriber.Messages, message => message.Topic.EndsWith("/risk/event", StringComparison.Ordinal)), "the risk event was lost");

        run.Signal(ForecastProgram.Terminate);
        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
        var summary = new RunSummary(_folder.At("live.json"));
        summary.AssertLedgersAddUp();
        var away = summary.DroppedFor("sink_away");
        Assert.True(away > 0, run.ToString());
        Assert.True(away + summary.DroppedFor("stale", "superseded") >= 90, run.ToString()); // a busy machine sheds some before they come to the broker
        Assert.Contains(run.Error, line => line.Contains("forecasts go nowhere until it is back", StringComparison.Ordinal));
        Assert.Equal(2, run.Output.Count(line => line == $"broker {broker.Url}: connected"));
        var log = MessageLog.AtEnd(subscriber);
        Assert.Contains(log.RiskEvents, edge => edge.Edge == Proto.Edge.Rising);
        Assert.True(log.Gaps()["scene"] >= away, $"{away} dropped, and gaps of {log.Gaps()["scene"]}");
        Assert.Equal("stopped", log.Statuses[^1].Reason);
    }

    private static void WaitForTick(ForecastProgram run, MosquittoSub subscriber, long tick) => Eventually.True(
        () => run.HasExited || MessageLog.NewestTick(subscriber) >= tick,
        $"no forecast of tick {tick}",
        withinS: 60);
}
