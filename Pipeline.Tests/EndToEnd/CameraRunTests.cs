using System.Diagnostics;
using System.Globalization;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast run` from a configuration: five recorded cameras of a sample, a sixth that never answers, a vehicle that falls silent.</summary>
[Collection(EndToEndTests.Name)]
public sealed class CameraRunTests : IDisposable
{
    private const string Missing = "rear_left";
    private static readonly string[] Recorded = ["front", "front_left", "front_right", "rear", "rear_right"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker, Needs.Subscriber)]
    public void Run_ACameraMissingAndTheVehicleFallingSilent_SaysBothAndGoesOn()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/replay/#");
        using var vehicle = new MqttConnection(BrokerFixture.Options(broker.Url));
        var inEgo = vehicle.CreateTopic(TopicTable.LiveBase("car-7") + TopicTable.InEgo.Name, 0, retain: false, new MqttProperties());
        vehicle.Start();
        using var run = new ForecastProgram(_folder.Path, "run", "--config", WriteConfiguration(broker), "--summary", "run.json");
        run.WaitForLine("publishing below forecast/replay/v1/car-7/", Limit);

        Drive(vehicle, inEgo, TimeSpan.FromSeconds(4));
        var spoken = MessageLog.NewestTick(subscriber);
        Eventually.True(() => MessageLog.NewestTick(subscriber) >= spoken + 20, "no forecasts after the vehicle fell silent");
        run.Signal(ForecastProgram.Terminate);
        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());

        var log = MessageLog.AtEnd(subscriber);
        var origins = log.Scenes.Select(scene => scene.Envelope.FrameSet.EgoOrigin).ToList();
        Assert.True(origins.Count(origin => origin is Proto.EgoOrigin.Measured or Proto.EgoOrigin.Extrapolated) >= 20, string.Join(' ', origins));
        Assert.Equal(Proto.EgoOrigin.Estimated, origins[^1]);
        Assert.Contains("ego_estimated", log.Scenes[^1].Envelope.ValidityReasons);
        Assert.All(log.Scenes, AssertOneCameraMissing);
        Assert.Contains(log.Healths, health => health.Reasons.Contains($"camera_lost:{Missing}") && health.State == Proto.HealthState.Degraded);
        Assert.Contains(run.Error, line => line.StartsWith($"forecast: warning: camera {Missing}: ", StringComparison.Ordinal));
        var summary = new RunSummary(_folder.At("run.json"));
        summary.AssertLedgersAddUp();
        Assert.Equal(6, summary.Cameras.Count);
    }

    private static void AssertOneCameraMissing(Proto.Scene scene)
    {
        var missing = Assert.Single(scene.Envelope.FrameSet.CamerasMissing, camera => camera.Name == Missing);
        Assert.True(missing.Reason is "no_frame" or "lost", missing.Reason);
        Assert.Equal(Proto.Validity.Degraded, scene.Envelope.Validity == Proto.Validity.Stale ? Proto.Validity.Degraded : scene.Envelope.Validity);
        Assert.Contains("camera_missing", scene.Envelope.ValidityReasons);
    }

    /// <summary>in/ego at 50 Hz as a vehicle would: sampled now, by a clock that is the machine's.</summary>
    private static void Drive(MqttConnection vehicle, MqttTopic inEgo, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
            vehicle.Publish(inEgo, Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $$"""{"capture_time_ns":"{{now}}","speed_mps":8.5,"yaw_rate_radps":0.01,"acceleration_mps2":0}""")));
            Thread.Sleep(20);
        }
    }

    private string WriteConfiguration(Mosquitto broker)
    {
        var sample = Needs.Folder(Needs.Calm);
        var cameras = Recorded.Select(name => $"  - {{ name: {name}, source: \"file:{sample}/{name}.mp4\" }}")
            .Append($"  - {{ name: {Missing}, source: \"http://127.0.0.1:{Mosquitto.FreePort()}/camera.mjpg\" }}");
        return _folder.Write("car.yaml", $$"""
            vehicle: car-7
            rig: {{sample}}/rig.json
            cameras:
            {{string.Join('\n', cameras)}}
            broker: { url: "{{broker.Url}}" }
            metrics: { port: 0 }
            """);
    }
}
