using System.Globalization;
using System.Text.Json;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast demo` as its user sees it: sample drives in real time, heard by an outside subscriber on the demo's own broker.</summary>
[Collection(EndToEndTests.Name)]
public sealed class DemoTests : IDisposable
{
    private const double PeriodS = 0.1;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber)]
    public void Demo_OfTheNearMiss_RaisesTheRiskBeforeTheClosestMoment()
    {
        var (log, summary) = Play("near-miss");

        var closest = ClosestMomentS(Needs.NearMiss);
        var start = log.StartNs(PeriodS);
        var rises = log.RiskEvents.Where(edge => edge.Edge == Proto.Edge.Rising).Select(edge => (edge.Envelope.FrameSet.ReferenceTimeNs - start) / 1e9).ToList();
        Assert.True(rises.Exists(rise => rise < closest), $"closest at {closest} s; events raised at: {string.Join(", ", rises)}");
        Assert.True(summary.RiskEvents >= rises.Count, $"{summary.RiskEvents} in the summary, {rises.Count} received");
    }

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker, Needs.Subscriber)]
    public void Demo_OfTheCalmDrive_RaisesNothing()
    {
        var (log, summary) = Play("calm");

        Assert.Empty(log.RiskEvents);
        Assert.Equal(0, summary.RiskEvents);
        Assert.DoesNotContain(log.Risks, risk => risk.Alarm is not null);
    }

    /// <summary>And checks what must be so of every drive that is played in real time.</summary>
    private (MessageLog Log, RunSummary Summary) Play(string drive)
    {
        using var demo = new ForecastProgram(_folder.Path, "demo", "--drive", drive, "--metrics", "0", "--summary", "demo.json");
        var url = new Uri(demo.WaitForLine("broker on mqtt://", StartLimit).Split(' ')[2]);
        using var subscriber = new MosquittoSub(url.Port, "forecast/replay/v1/#");
        Assert.True(demo.WaitForExit(RunLimit) == 0, demo.ToString());
        Assert.True(demo.Error.Count == 0, demo.ToString());

        var log = MessageLog.AtEnd(subscriber);
        var summary = new RunSummary(_folder.At("demo.json"));
        summary.AssertLedgersAddUp();
        Assert.Equal(120, summary.Captured);
        Assert.True(summary.Published >= 0.95 * summary.Captured, demo.ToString());
        Assert.All(log.Gaps(), gap => Assert.True(gap.Value == 0, string.Create(CultureInfo.InvariantCulture, $"{gap.Key}: {gap.Value} numbers are missing")));
        Assert.All(log.Scenes, scene => Assert.Equal(Proto.Source.Demo, scene.Envelope.Source));
        var incomplete = log.Scenes.Where(scene => scene.Envelope.FrameSet.CamerasUsed.Count < 6).ToList(); // a machine that is busy for a moment delivers a frame late
        Assert.True(incomplete.Count <= 0.05 * log.Scenes.Count, $"{incomplete.Count} frame sets without all cameras");
        Assert.All(incomplete, scene => Assert.Contains("camera_missing", scene.Envelope.ValidityReasons));
        Assert.Equal(log.Scenes.Select(scene => scene.Envelope.TraceId), log.Risks.Select(risk => risk.Envelope.TraceId));
        Assert.Equal(log.Scenes.Select(scene => scene.Envelope.TraceId), log.Plans.Select(plan => plan.Envelope.TraceId));
        Assert.DoesNotContain(log.Scenes, scene => scene.Envelope.Validity == Proto.Validity.Valid && !scene.Envelope.FrameSet.DeadlineMet);
        Assert.Contains(log.Healths, health => health.State == Proto.HealthState.Nominal);
        return (log, summary);
    }

    private static double ClosestMomentS(string manifest)
    {
        using var drive = JsonDocument.Parse(File.ReadAllText(Needs.InRepository(manifest)));
        return drive.RootElement.GetProperty("expected").GetProperty("closest_moment_s").GetDouble();
    }
}
