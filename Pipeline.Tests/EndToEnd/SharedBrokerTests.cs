using System.Globalization;
using Forecast.Cli.Commands;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Drives;
using Forecast.Pipeline.Tests.Mqtt;
using Forecast.Pipeline.Tests.OnnxRuntime;
using Forecast.Pipeline.Tests.OpenCv;
using Forecast.Pipeline.Tests.Sodium;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The real program at a broker beyond its machine, as data-samples/broker sets one up, and with models that must be signed.</summary>
[Collection(EndToEndTests.Name)]
public sealed class SharedBrokerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();
    private readonly PictureMaker _maker = new();
    private readonly ModelFolderCopy _model = new();
    private readonly string _drive;

    public SharedBrokerTests() => _drive = DriveMaker.Write(_maker);

    public void Dispose()
    {
        _folder.Dispose();
        _maker.Dispose();
        _model.Dispose();
    }

    [EndToEndFact(Needs.Broker, Needs.Subscriber)]
    public void Replay_AsTheVehiclesProcessor_ReachesAnObserverAndSaysNothingSecret()
    {
        using var broker = new SharedBroker();
        using var observer = new MosquittoSub(broker.Port, "forecast/#", broker.Certificate("observer"), "localhost");
        using var replay = Replay(broker, "shuttle-7.processor");
        Assert.True(replay.WaitForExit(Limit) == ExitCode.Fine, replay.ToString());

        foreach (var name in new[] { "status", "model", "rig", "scene", "risk", "plan" })
        {
            Eventually.True(() => Array.Exists(observer.Messages, message => Below(message.Topic, name)), $"no {name} reached the observer: {replay}");
        }

        foreach (var line in File.ReadLines(broker["shuttle-7.processor.key"]).Where(line => !line.StartsWith('-')))
        {
            Assert.DoesNotContain(line, replay.ToString(), StringComparison.Ordinal);
        }
    }

    /// <summary>Whoever has the vehicle's certificate is not its processor.</summary>
    [EndToEndFact(Needs.Broker, Needs.Subscriber)]
    public void Replay_WithTheVehiclesOwnCertificate_ReachesNobody()
    {
        using var broker = new SharedBroker();
        using var observer = new MosquittoSub(broker.Port, "forecast/#", broker.Certificate("observer"), "localhost");
        using var replay = Replay(broker, "shuttle-7");
        replay.WaitForExit(Limit);

        Assert.Empty(observer.Messages);
    }

    [Fact]
    public void Replay_ToAnotherMachineInPlainText_IsRefusedInOneLine()
    {
        using var replay = ForecastProgram.Run(_folder.Path, Limit, "replay", _drive, "--model", _model.Folder, "--broker", "mqtt://192.0.2.1");

        Assert.Equal(ExitCode.Usage, replay.WaitForExit(Limit));
        Assert.StartsWith("forecast: --broker: mqtt://192.0.2.1:1883 would carry forecasts in plain text", Assert.Single(replay.Error), StringComparison.Ordinal);
    }

    [NeedsCommandFact("minisign")]
    public void Replay_WithAModelThatIsNotSigned_IsRefusedInOneLine()
    {
        var key = new MinisignTool(_folder).MakeKey("owner");
        using var replay = ForecastProgram.Run(_folder.Path, Limit, "replay", _drive, "--model", _model.Folder, "--set", $"model.key={key}");

        Assert.Equal(ExitCode.Usage, replay.WaitForExit(Limit));
        Assert.StartsWith($"forecast: {_model["model.json"]}: is not signed", Assert.Single(replay.Error), StringComparison.Ordinal);
    }

    private static bool Below(string topic, string name) =>
        topic.StartsWith("forecast/replay/v1/shuttle-7/", StringComparison.Ordinal) && topic.EndsWith("/" + name, StringComparison.Ordinal);

    private ForecastProgram Replay(SharedBroker broker, string certificate) => new(
        _folder.Path,
        "replay", _drive, "--model", _model.Folder, "--set", "vehicle=shuttle-7", "--broker", string.Create(CultureInfo.InvariantCulture, $"mqtts://localhost:{broker.Port}"),
        "--set", $"broker.ca_file={broker["ca.pem"]}", "--set", $"broker.cert_file={broker[$"{certificate}.pem"]}", "--set", $"broker.key_file={broker[$"{certificate}.key"]}");
}
