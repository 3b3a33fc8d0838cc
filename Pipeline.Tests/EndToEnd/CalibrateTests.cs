using System.Text.Json;
using System.Text.Json.Nodes;
using Forecast.Cli.Commands;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Fixtures;
using Forecast.Pipeline.Tests.OnnxRuntime;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast calibrate` on a sample drive under the model of plain arithmetic, and `replay` with what it wrote.</summary>
[Collection(EndToEndTests.Name)]
public sealed class CalibrateTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Calm, Needs.Broker)]
    [Trait("Category", "Slow")]
    public async Task Calibrate_OneDrive_SaysWhatItCouldNotDoAndReplayHoldsByIt()
    {
        var calm = Needs.Folder(Needs.Calm);
        using var model = new ModelFolderCopy();
        model.Edit(manifest => TestSurprise.AddTo(manifest));
        var calibrate = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Fine, await calibrate.InvokeAsync("calibrate", calm, "--model", model.Folder, "--out", "car.json", "--domain", "calm road", "--json"));
        var result = JsonNode.Parse(calibrate.Output)!;
        Assert.Equal(("calm road", 1, 1), ((string?)result["domain"], (int)result["drives"]!, (int)result["labelled_drives"]!));
        Assert.Equal(5, result["horizons"]!.AsArray().Count);
        Assert.All(result["horizons"]!.AsArray(), horizon => Assert.Equal((false, 1.0), ((bool)horizon!["fitted"]!, (double)horizon["least_bound"]!)));
        Assert.Equal(2, result["surprise"]!["per_horizon"]!.AsArray().Count);
        Assert.Equal(3, result["not_calibrated"]!.AsArray().Count); // the scaling, the bound, and fewer false alarms
        Assert.Contains("drive 1 of 1, calm:", calibrate.Error, StringComparison.Ordinal);

        var replay = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Fine, await replay.InvokeAsync("replay", calm, "--model", model.Folder, "--calibration", "car.json", "--out", "run.jsonl", "--metrics", "0"));
        var bounds = Messages("risk").ConvertAll(risk => risk.GetProperty("bound"));
        Assert.Equal("GUARANTEE_HOLDS", bounds[^1].GetProperty("guarantee").GetString());
        Assert.Equal(1, bounds[^1].GetProperty("n").GetInt32());
        Assert.Contains(Messages("scene"), scene => scene.TryGetProperty("surprise", out var surprise) && surprise.GetProperty("horizons").GetArrayLength() == 2);
        var told = Assert.Single(Messages("model"));
        Assert.Equal(("calm road", 64), (told.GetProperty("calibration_domain").GetString(), told.GetProperty("calibration_sha256").GetString()!.Length));

        var rule = told.GetProperty("surprise");
        Assert.Equal(("patch", 5u, 1u), (rule.GetProperty("statistic").GetString(), rule.GetProperty("n").GetUInt32(), rule.GetProperty("m").GetUInt32()));
        Assert.InRange(rule.GetProperty("measured_hours").GetDouble(), 0.001, 0.1); // the drive's, not the model's 2.25

        var other = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Usage, await other.InvokeAsync("replay", Needs.Folder(Needs.NearMiss), "--model", model.Folder, "--calibration", "car.json"));
        Assert.Contains("the calibration was made for the rig sim-six", Assert.Single(other.Error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [EndToEndFact(Needs.Calm, Needs.NearMiss)]
    public async Task Calibrate_DrivesOfTwoRigs_IsRefusedInOneLineAndWritesNothing()
    {
        var run = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Usage, await run.InvokeAsync("calibrate", Needs.Folder(Needs.Calm), Needs.Folder(Needs.NearMiss), "--model", TinyModel.Folder, "--out", "car.json"));
        Assert.Contains("they differ in the vehicle's outline", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [EndToEndFact(Needs.Calm)]
    [Trait("Category", "Slow")]
    public async Task Calibrate_ModelThatDoesNotSayItsUsualError_SaysWhyThereIsNoSurprise()
    {
        var run = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Fine, await run.InvokeAsync("calibrate", Needs.Folder(Needs.Calm), "--model", TinyModel.Folder, "--out", "car.json", "--json"));
        var result = JsonNode.Parse(run.Output)!;
        Assert.Null(result["surprise"]);
        Assert.Contains(result["not_calibrated"]!.AsArray(), missing => ((string?)missing)!.StartsWith("surprise: the model does not say", StringComparison.Ordinal));
    }

    private List<JsonElement> Messages(string topic) =>
        [.. File.ReadLines(_folder.At("run.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("topic").GetString() == topic).Select(line => line.GetProperty("message"))];
}
