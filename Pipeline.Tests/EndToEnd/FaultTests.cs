using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The built command with faults on purpose, and with what no decorator can do to it: signals, brokers that die or hang, a full disk, busy processors.</summary>
[Collection(EndToEndTests.Name)]
public sealed class FaultTests : IDisposable
{
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Real pictures, the real model, NaN through its graphs, on the machine's clock.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Demo_SeveralFaultsInOneRun_SaysEachAndRecovers()
    {
        string[] faults = ["camera.front=frozen@2s..4s", "model=nan@5s..6s", "clock=step:5s@7s", "camera.rear=unplugged@8s..9s", "camera.rear_left=black@8s..9s"];
        using var demo = Demo([.. faults.SelectMany(fault => new[] { "--inject", fault })]);
        using var subscriber = SubscribeTo(demo);
        Assert.True(demo.WaitForExit(Limit) == 0, demo.ToString());

        var log = MessageLog.AtEnd(subscriber);
        AssertNothingValidIsLate(log);
        Assert.Contains(log.Scenes, scene => Missing(scene).Contains("front frozen"));
        Assert.Contains(log.Scenes, scene => Missing(scene) is var missing && missing.Contains("rear lost") && missing.Contains("rear_left black"));
        Assert.Contains(log.Scenes, scene => scene.Envelope.FrameSet.Tick > 55 && scene.Envelope.ValidityReasons.Contains("warming_up"));
        AssertRecovered(log);
        Assert.Contains(log.Healths, health => health.Reasons.Contains("camera_frozen:front"));
        Assert.All(faults, fault => Assert.Contains(demo.Error, line => line == $"forecast: warning: injected on purpose: {fault}"));
        Assert.Contains(demo.Error, line => line == $"forecast: warning: injected: {faults[0]} begins");
        var summary = new RunSummary(_folder.At("demo.json"));
        summary.AssertLedgersAddUp();
        Assert.InRange(summary.DroppedFor("model_failed"), 1, 12); // a busy machine sheds some before the model sees them
        Assert.Equal(faults, summary.Injected);
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker)]
    [Trait("Category", "Slow")]
    public void Demo_ModelCrashes_EndsWithOneLineAndOne()
    {
        using var demo = Demo("--inject", "model=crashed@1s");

        Assert.True(demo.WaitForExit(Limit) == 1, demo.ToString());
        var line = Assert.Single(demo.Error, text => !text.StartsWith("forecast: warning:", StringComparison.Ordinal));
        Assert.StartsWith("forecast: the pipeline broke: injected: the model broke", line, StringComparison.Ordinal);
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Demo_CameraHangsForGood_IsNamedAndLeftBehind()
    {
        using var demo = Demo("--inject", "camera.front=hung@2s");
        using var subscriber = SubscribeTo(demo);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= 60, "no forecasts after the camera hung", withinS: 30);
        demo.Signal(ForecastProgram.Terminate);

        Assert.True(demo.WaitForExit(Limit) == 0, demo.ToString());
        Assert.Contains("forecast: warning: camera front: a native call hangs; its thread was left behind", demo.Error);
        var log = MessageLog.AtEnd(subscriber);
        AssertNothingValidIsLate(log);
        Assert.Contains("front no_frame", Missing(log.Scenes[^1]));
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Demo_Terminated_DrainsSaysOfflineAndEndsWithZero()
    {
        using var demo = Demo();
        using var subscriber = SubscribeTo(demo);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= 20, "no forecasts", withinS: 30);
        demo.Signal(ForecastProgram.Terminate);

        Assert.True(demo.WaitForExit(TimeSpan.FromSeconds(10)) == 0, demo.ToString());
        var log = MessageLog.AtEnd(subscriber);
        Assert.Equal("stopped", log.Statuses[^1].Reason);
        var summary = new RunSummary(_folder.At("demo.json"));
        summary.AssertLedgersAddUp();
        Assert.True(log.Risks.Count >= summary.Published - 20, $"{log.Risks.Count} heard of {summary.Published}"); // the subscriber came a little later
    }

    /// <summary>Too little to start, for OpenCV, for the model, and for all of its threads: wherever it runs out, it ends, and says so in one line.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker)]
    [Trait("Category", "Slow")]
    public void Demo_ShortOfMemory_EndsWithALineOrRuns()
    {
        foreach (var mebibytes in new[] { 110, 160, 220, 300, 400 })
        {
            using var demo = ForecastProgram.WithLittleMemory(_folder.Path, mebibytes << 10, ["demo", "--metrics", "0", "--quiet"]);

            var code = demo.WaitForExit(Limit);

            Assert.True(code is 0 or 1 or 2, $"{mebibytes} MiB: {demo}");
            Assert.True(code == 0 || demo.Error.Any(line => line.StartsWith("forecast: ", StringComparison.Ordinal) && !line.StartsWith("forecast: warning:", StringComparison.Ordinal)), $"{mebibytes} MiB: {demo}");
        }
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Demo_ModelHangsForGoodAndIsTerminated_EndsWithinTenSecondsWithItsReason()
    {
        using var demo = Demo("--inject", "model=hung@2s");
        using var subscriber = SubscribeTo(demo);
        Eventually.True(() => Array.Exists(subscriber.Messages, message => message.Payload.Contains("journey_hung", StringComparison.Ordinal)), "nobody said that it hangs", withinS: 30);
        Eventually.True(() => demo.Error.Any(line => line.EndsWith("model=hung@2s begins", StringComparison.Ordinal)), "it did not hang", withinS: 30);
        demo.Signal(ForecastProgram.Terminate);

        Assert.True(demo.WaitForExit(TimeSpan.FromSeconds(10)) == 1, demo.ToString());
        Assert.Contains(demo.Error, line => line.StartsWith("forecast: the world model hangs in a native call", StringComparison.Ordinal));
        Assert.Equal("stopped", MessageLog.AtEnd(subscriber).Statuses[^1].Reason);
        Assert.True(new RunSummary(_folder.At("demo.json")).Published > 0);
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Run_KilledOutright_ItsWillIsSeen()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var run = Replay(broker);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= 10, run.ToString(), withinS: 30);
        run.Signal(Kill);

        Eventually.True(() => Array.Exists(subscriber.Messages, MessageLog.IsEnd), "nobody heard of its end", withinS: 5);
        Assert.Equal("last_will", new MessageLog(subscriber).Statuses[^1].Reason);
    }

    /// <summary>Stopped for two seconds, as by a debugger: what leaves after is fresh, or says that it is not.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Run_StoppedForTwoSeconds_NothingOldIsValidAndItRecovers()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var run = Replay(broker);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= 20, run.ToString(), withinS: 30);
        run.Signal(Stop);
        Thread.Sleep(2000);
        run.Signal(Continue);

        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
        var log = MessageLog.AtEnd(subscriber);
        AssertNothingValidIsLate(log);
        AssertRecovered(log);
        new RunSummary(_folder.At("live.json")).AssertLedgersAddUp();
    }

    /// <summary>Stopped, it takes nothing more once its socket is full; the run goes on and what was taken too late is said to be.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Run_BrokerHangsForThreeSeconds_GoesOnAndRecovers()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var run = Replay(broker);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= 20, run.ToString(), withinS: 30);
        broker.Signal(Stop);
        Thread.Sleep(3000);
        Assert.False(run.HasExited, run.ToString());
        broker.Signal(Continue);

        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
        var log = MessageLog.AtEnd(subscriber);
        AssertNothingValidIsLate(log);
        AssertRecovered(log);
        new RunSummary(_folder.At("live.json")).AssertLedgersAddUp();
    }

    /// <summary>Two busy loops on all that there is: what is late says so.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    [Trait("Category", "Slow")]
    public void Run_ProcessorsEatenBeside_NothingIsValidAndLate()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var first = new BusyLoop();
        using var second = new BusyLoop();
        using var run = Replay(broker);

        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
        var log = MessageLog.AtEnd(subscriber);
        Assert.NotEmpty(log.Scenes);
        AssertNothingValidIsLate(log);
        new RunSummary(_folder.At("live.json")).AssertLedgersAddUp();
    }

    /// <summary>No file may grow beyond 64 KiB: the run file cannot be written, one line says so, and nothing half-written stays.</summary>
    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker)]
    [Trait("Category", "Slow")]
    public void Replay_DiskFull_EndsWithOneLineAndLeavesNothing()
    {
        using var replay = ForecastProgram.WithLargestFile(
            _folder.Path, 64, ["replay", Needs.Folder(Needs.NearMiss), "--out", "run"]);

        Assert.True(replay.WaitForExit(Limit) == 1, replay.ToString());
        var line = Assert.Single(replay.Error);
        Assert.StartsWith($"forecast: {_folder.At("run")}: the run cannot be written, and nothing of it is kept: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static void AssertNothingValidIsLate(MessageLog log)
    {
        Assert.NotEmpty(log.Risks);
        Assert.All(log.Scenes.Select(scene => scene.Envelope).Concat(log.Risks.Select(risk => risk.Envelope)).Concat(log.Plans.Select(plan => plan.Envelope)), envelope => Assert.False(
            envelope.Validity is Proto.Validity.Valid or Proto.Validity.Degraded && envelope.PublishTimeNs > envelope.FrameSet.DeadlineNs,
            $"tick {envelope.FrameSet.Tick} is {envelope.Validity}, {(envelope.PublishTimeNs - envelope.FrameSet.DeadlineNs) / 1e6} ms late"));
    }

    /// <summary>Towards its end the run speaks of whole frame sets again; a busy machine may still say that some are late.</summary>
    private static void AssertRecovered(MessageLog log) =>
        Assert.Contains(log.Scenes, scene => scene.Envelope.FrameSet.Tick >= 95 && Missing(scene).Count == 0 && !scene.Envelope.ValidityReasons.Contains("warming_up"));

    private static IReadOnlyList<string> Missing(Proto.Scene scene) => [.. scene.Envelope.FrameSet.CamerasMissing.Select(camera => $"{camera.Name} {camera.Reason}")];

    private static MosquittoSub SubscribeTo(ForecastProgram demo) =>
        new(new Uri(demo.WaitForLine("broker on mqtt://", Limit).Split(' ')[2]).Port, "forecast/replay/v1/#");

    private ForecastProgram Demo(params string[] arguments) => new(_folder.Path, ["demo", "--metrics", "0", "--summary", "demo.json", .. arguments]);

    private ForecastProgram Replay(Mosquitto broker) =>
        new(_folder.Path, "replay", Needs.Folder(Needs.NearMiss), "--as-live", "--broker", broker.Url, "--metrics", "0", "--summary", "live.json");
}
