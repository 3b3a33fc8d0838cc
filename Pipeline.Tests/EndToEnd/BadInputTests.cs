using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Forecast.Cli.Commands;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Drives;
using Forecast.Pipeline.Tests.OnnxRuntime;
using Forecast.Pipeline.Tests.OpenCv;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>
/// What the real program says to what it cannot use: clear lines, exit code 2, no stack trace, nothing left behind. It is about the
/// command, not about forecasts, so it does with a made drive and the hand-made model.
/// </summary>
[Collection(EndToEndTests.Name)]
public sealed class BadInputTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();
    private readonly PictureMaker _maker = new();
    private readonly ModelFolderCopy _model = new();
    private readonly string _drive;

    public BadInputTests() => _drive = DriveMaker.Write(_maker);

    public void Dispose()
    {
        _folder.Dispose();
        _maker.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Replay_OfNothing_SaysWhereItLooked() =>
        Refused("nowhere.mp4: there is no file or folder", "replay", "nowhere.mp4");

    [Fact]
    public void Replay_OfGarbage_SaysSo()
    {
        var garbage = new byte[100_000];
        new Random(1).NextBytes(garbage);
        File.WriteAllBytes(_folder.At("garbage.mp4"), garbage);
        Refused("garbage.mp4: no video that FFmpeg can read", "replay", "garbage.mp4");
    }

    [EndToEndFact("shared/data/commavq/drive_40s.mp4")]
    public void Replay_OfHalfAVideo_SaysThatItIsCutShort()
    {
        var whole = File.ReadAllBytes(RealData.Find("commavq/drive_40s.mp4")!);
        File.WriteAllBytes(_folder.At("half.mp4"), whole[..(whole.Length / 2)]);
        Refused("half.mp4: it is cut short", "replay", "half.mp4");
    }

    [Fact]
    public void Replay_WithARigOfOtherCameras_NamesThem()
    {
        var rig = _folder.Write("other.json", RigFileTests.Json.Replace("brown", "none").Replace("\"front\"", "\"bow\""));
        var error = Refused("drive.json: camera front is not in the rig", "replay", _drive, "--rig", rig);
        Assert.Contains(error, line => line.Contains("camera bow of the rig", StringComparison.Ordinal));
        Assert.Equal(2, error.Count);
    }

    [Fact]
    public void Replay_WithoutTheModel_NamesTheFolder() =>
        Refused("there is no model.json in", "replay", _drive, "--model", _folder.At("nowhere"));

    [Fact]
    public void Replay_WithAModelOfAnotherHash_NamesTheFile()
    {
        _model.Edit(manifest => manifest["files"]!["encoder"]!["sha256"] = new string('0', 64));
        Refused("encoder.onnx", "replay", _drive, "--model", _model.Folder);
    }

    [Fact]
    public void Replay_WithATruncatedGraph_NamesIt()
    {
        _model.Replace("predictor", File.ReadAllBytes(_model["predictor.onnx"])[..^200]);
        Refused("predictor.onnx", "replay", _drive, "--model", _model.Folder);
    }

    [Fact]
    public void Replay_WithAModelOfAnotherShape_NamesTheTensor()
    {
        _model.Edit(manifest => manifest["tensors"]![0]!["shape"]![1] = 32);
        Refused("encoder input images as uint8 [N,32,128,3]; it must be uint8 [N,64,128,3]", "replay", _drive, "--model", _model.Folder);
    }

    [EndToEndFact(Needs.Broker)]
    public void Replay_WithABusyMetricsPort_NamesAnotherWay()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        Refused(
            $"metrics: 127.0.0.1:{port} is in use by another program; choose another port with --metrics PORT, or 0 for none",
            "replay", _drive, "--as-live", "--model", _model.Folder, "--metrics", port);
    }

    [Theory]
    [InlineData("nowhere/summary.json", "there is no folder")]
    [InlineData("/proc/summary.json", "cannot be written to")]
    public void Replay_WithASummaryThatCannotBeWritten_DoesNotBegin(string summary, string expected) =>
        Refused(expected, "replay", _drive, "--model", _model.Folder, "--summary", summary);

    [Fact]
    public void Replay_WithoutItsBroker_GivesUpSoon()
    {
        var port = Mosquitto.FreePort();
        var error = Refused(
            $"forecast: broker mqtt://127.0.0.1:{port}: no answer within 5 s; start it, or leave --broker out for one of our own",
            "replay", _drive, "--model", _model.Folder, "--broker", $"mqtt://127.0.0.1:{port}", "--out", "run");
        Assert.Equal(2, error.Count); // it says at once what is wrong, and that it gives up
        Assert.Contains("Connection refused", error[0], StringComparison.Ordinal);
    }

    [EndToEndFact(Needs.Broker)]
    public void Replay_WithAnOutFile_LeavesItWholeAndNothingElse()
    {
        using var replay = ForecastProgram.Run(_folder.Path, Limit, "replay", _drive, "--model", _model.Folder, "--out", "run");

        Assert.True(replay.WaitForExit(Limit) == 0, replay.ToString());
        var file = Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal(DriveMaker.Frames, File.ReadLines(file).Count(line => line.StartsWith("{\"topic\":\"scene\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_WithoutItsBroker_GoesOnAndSaysSo()
    {
        var port = Mosquitto.FreePort();
        var configuration = _folder.Write("car.yaml", $"""
            rig: {_drive}/rig.json
            cameras: [ {"{"} name: front, source: "file:{_drive}/front.avi" {"}"} ]
            broker: {"{"} url: mqtt://127.0.0.1:{port} {"}"}
            metrics: {"{"} port: 0 {"}"}
            """);
        using var run = ForecastProgram.Run(_folder.Path, Limit, "run", "--config", configuration, "--model", _model.Folder, "--summary", "run.json");

        Assert.True(run.WaitForExit(Limit) == 0, run.ToString());
        Assert.Contains(run.Error, line => line.StartsWith($"forecast: warning: broker mqtt://127.0.0.1:{port}: ", StringComparison.Ordinal));
        var summary = new RunSummary(_folder.At("run.json"));
        summary.AssertLedgersAddUp();
        Assert.Equal(0, summary.Published);
        Assert.True(summary.DroppedFor("sink_away") > 0, run.ToString());
    }

    [Theory]
    [InlineData("budget_ms: [", "bad.yaml:")]
    [InlineData("budgetms: 100", "bad.yaml:1:1: budgetms is not a setting; did you mean budget_ms?")]
    [InlineData("budget_ms: 1", "bad.yaml:1:12: budget_ms: \"1\" does not fit; allowed: 5 to 2000")]
    [InlineData("{}", "run needs cameras")]
    public void Run_WithAMalformedConfiguration_NamesThePlace(string text, string expected)
    {
        _folder.Write("bad.yaml", text);
        Refused(expected, "run", "--config", "bad.yaml");
    }

    /// <summary>Told to end while it still loads: nothing went wrong.</summary>
    [Fact]
    public async Task Replay_ToldToEndBeforeItBegins_EndsWithZero()
    {
        var run = new CliRun(_folder.Path);
        var exit = await CommandTree.InvokeAsync(["replay", _drive, "--model", _model.Folder], run.Host, new CancellationToken(canceled: true));

        Assert.Equal((ExitCode.Fine, ""), (exit, run.Error));
    }

    /// <returns>The lines on standard error.</returns>
    private IReadOnlyList<string> Refused(string expected, params string[] arguments)
    {
        var before = Files();
        using var program = ForecastProgram.Run(_folder.Path, Limit, arguments);
        Assert.True(program.WaitForExit(Limit) == ExitCode.Usage, program.ToString());
        Assert.Contains(program.Error, line => line.Contains(expected, StringComparison.Ordinal));
        Assert.All(program.Error, line => Assert.StartsWith("forecast: ", line, StringComparison.Ordinal));
        Assert.DoesNotContain(program.Error, line => line.Contains("Exception", StringComparison.Ordinal) || line.Contains("   at ", StringComparison.Ordinal));
        Assert.Equal(before, Files());
        return program.Error;
    }

    private string[] Files() => [.. Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Concat(Directory.GetFileSystemEntries(_drive)).Order()];
}
