using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast replay` of real recordings at full speed on an outside broker, and of a sample bit for bit.</summary>
[Collection(EndToEndTests.Name)]
public sealed class ReplayTests : IDisposable
{
    private const string CommaVq = "shared/data/commavq/drive_40s.mp4";
    private const string Udacity = "shared/data/udacity_p1/test_videos/solidWhiteRight.mp4";
    private const string Dgp = "shared/data/dgp_multicam";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, CommaVq, Needs.Broker, Needs.Subscriber)]
    public void Replay_OfFortySecondsOfMotorway_ForecastsEveryFrameSetAndAlarmsNever() => Replay(CommaVq, "commavq", leastSets: 395, cameras: 1);

    [EndToEndFact(Needs.Model, Udacity, Needs.Broker, Needs.Subscriber)]
    public void Replay_OfTwentyFiveHertz_ForecastsEveryFrameSetAndAlarmsNever() => Replay(Udacity, "udacity-p1", leastSets: 88, cameras: 1);

    [EndToEndFact(Needs.Model, Dgp, Needs.Broker, Needs.Subscriber)]
    public void Replay_OfASixCameraScene_ForecastsEveryFrameSetAndAlarmsNever() => Replay(Dgp, "dgp", leastSets: 3, cameras: 6);

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker)]
    public void Replay_ExactTwice_GivesTheSameDigest()
    {
        var digests = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            using var replay = ForecastProgram.Run(_folder.Path, Limit, "replay", "calm", "--exact", "--summary", $"exact{i}.json");
            Assert.True(replay.HasExited && replay.Error.Count == 0, replay.ToString());
            var summary = new RunSummary(_folder.At($"exact{i}.json"));
            Assert.Equal(summary.Captured, summary.Published);
            digests.Add(summary.Digest);
        }

        Assert.Equal(64, digests[0]?.Length);
        Assert.Equal(digests[0], digests[1]);
    }

    private void Replay(string recording, string rig, int leastSets, int cameras)
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var replay = ForecastProgram.Run(
            _folder.Path, Limit, "replay", RealData.Find(recording["shared/data/".Length..])!, "--broker", broker.Url, "--summary", "real.json");
        Assert.True(replay.WaitForExit(Limit) == 0, replay.ToString());

        var log = MessageLog.AtEnd(subscriber);
        var summary = new RunSummary(_folder.At("real.json"));
        summary.AssertLedgersAddUp();
        Assert.True(summary.Captured >= leastSets, replay.ToString());
        Assert.Equal(summary.Captured, summary.Published);
        Assert.Equal(cameras, summary.Cameras.Count);
        var refused = summary.DroppedFor("sink_busy", "sink_away");
        var gaps = log.Gaps();
        Assert.Equal((refused, refused, refused), (gaps["scene"], gaps["risk"], gaps["plan"]));
        Assert.Equal((summary.Published, summary.Published, summary.Published), (log.Scenes.Count, log.Risks.Count, log.Plans.Count));
        Assert.Equal(rig, Assert.Single(log.Rigs).Name);
        Assert.All(log.Scenes, scene => AssertDegraded(scene.Envelope));
        Assert.All(log.Risks, risk => AssertDegraded(risk.Envelope));
        Assert.All(log.Risks, risk => Assert.Equal(Proto.Guarantee.NotEstablished, risk.Bound.Guarantee));
        Assert.Empty(log.RiskEvents);
        Assert.Equal(0, summary.RiskEvents);
        Assert.DoesNotContain(subscriber.Messages, message => message.Topic.StartsWith("forecast/v1/", StringComparison.Ordinal));
    }

    /// <summary>Nobody has calibrated these rigs, and every message says so.</summary>
    private static void AssertDegraded(Proto.Envelope envelope)
    {
        Assert.Equal((Proto.Validity.Degraded, Proto.Source.Replay), (envelope.Validity, envelope.Source));
        Assert.Contains("calibration_assumed", envelope.ValidityReasons);
    }
}
