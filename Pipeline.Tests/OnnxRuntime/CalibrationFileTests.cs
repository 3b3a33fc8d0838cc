using System.Text.Json.Nodes;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Inference;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

public sealed class CalibrationFileTests : IDisposable
{
    private static readonly ModelManifest Manifest = TestManifest.Create();

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WriteAndLoad_Whole_GivesItBack(bool egoEstimated)
    {
        var calibration = RigCalibrationTests.Calibration(egoEstimated) with { ModelSha256 = Manifest.Sha256 };
        CalibrationFile.Write(_folder.At("car.json"), calibration, Manifest, ["one", "two"], TimeSpan.FromSeconds(24));

        var read = CalibrationFile.Load(_folder.At("car.json"), Manifest);

        Assert.Equal((calibration.RigSha256, calibration.RigName, calibration.Domain, calibration.EgoEstimated, 0.1, 77), (read.RigSha256, read.RigName, read.Domain, read.EgoEstimated, read.Alpha, read.Drives));
        Assert.Equal(calibration.Risk, read.Risk);
        Assert.Equal(calibration.UpperBound!.Bounds[4], read.UpperBound!.Bounds[4]);
        Assert.Equal(calibration.UpperBound.Edges[0], read.UpperBound.Edges[0]);
        var norm = Assert.Single(read.Surprise!.Norms);
        Assert.Equal((0.5, -1, 0.5), (norm.HorizonS, norm.Mean, norm.Sd));
        Assert.Equal(calibration.Surprise!.Norms[0].CellMean.ToArray(), norm.CellMean.ToArray());
        Assert.Equal(calibration.Surprise.Norms[0].CellSpread.ToArray(), norm.CellSpread.ToArray());
        Assert.Equal(calibration.Surprise with { Norms = [] }, read.Surprise with { Norms = [] });
        Assert.Matches("^[0-9a-f]{64}$", read.Sha256);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void WriteAndLoad_WithoutLabels_HasSurpriseAlone()
    {
        var calibration = RigCalibrationTests.Calibration(egoEstimated: false) with { ModelSha256 = Manifest.Sha256, Risk = null, UpperBound = null };
        CalibrationFile.Write(_folder.At("car.json"), calibration, Manifest, [], TimeSpan.Zero);

        var read = CalibrationFile.Load(_folder.At("car.json"), Manifest);

        Assert.Null(read.Risk);
        Assert.Null(read.UpperBound);
        Assert.NotNull(read.Surprise);
    }

    [Fact]
    public void Load_OfAnotherModel_IsRefusedInOneLine()
    {
        CalibrationFile.Write(_folder.At("car.json"), RigCalibrationTests.Calibration(egoEstimated: false) with { ModelSha256 = new string('b', 64) }, Manifest, [], TimeSpan.Zero);

        Assert.Equal(
            $"{_folder.At("car.json")}: was made for the model test 1.0.0 (bbbbbbbbbbbb…), and this one is test 1.0.0 (aaaaaaaaaaaa…); run forecast calibrate with this model",
            Assert.Single(Problems()));
    }

    [Theory]
    [InlineData("schema", "\"forecast.calibration/2\"", "schema is \"forecast.calibration/2\"; this program reads \"forecast.calibration/1\"")]
    [InlineData("domain", null, "domain is missing")]
    [InlineData("ego", "\"guessed\"", "ego must be measured or estimated")]
    [InlineData("rig.sha256", null, "rig.sha256 is missing")]
    [InlineData("rig.sha256", "\"c0ffee\"", "rig.sha256 must be 64 hexadecimal digits")]
    [InlineData("drives.count", "0", "drives.count must be a whole number from 1 to 2147483647")]
    [InlineData("calibration.upper_bound", null, "calibration must have risk and upper_bound, or neither")]
    [InlineData("calibration.risk", "[]", "calibration.risk has 0 entries; it must have 5")]
    [InlineData("calibration.surprise.m", "9", "calibration.surprise.m must be a whole number from 1 to 5")]
    [InlineData("calibration.surprise.statistic", "\"median\"", "calibration.surprise.statistic must be patch, map or abrupt")]
    public void Load_Fault_IsNamed(string field, string? value, string expected)
    {
        CalibrationFile.Write(_folder.At("car.json"), RigCalibrationTests.Calibration(egoEstimated: false) with { ModelSha256 = Manifest.Sha256 }, Manifest, [], TimeSpan.Zero);
        var json = JsonNode.Parse(File.ReadAllText(_folder.At("car.json")))!;
        var path = field.Split('.');
        var parent = path[..^1].Aggregate(json, (node, name) => node[name]!).AsObject();
        parent.Remove(path[^1]);
        if (value is not null)
        {
            parent[path[^1]] = JsonNode.Parse(value);
        }

        File.WriteAllText(_folder.At("car.json"), json.ToJsonString());

        Assert.Contains($"{_folder.At("car.json")}: {expected}", Problems());
    }

    [Theory]
    [InlineData("{ \"schema\": \"forec", "this is no JSON, or is cut off; run forecast calibrate again")]
    [InlineData("", "this is no JSON, or is cut off; run forecast calibrate again")]
    public void Load_CutOff_SaysSo(string text, string expected)
    {
        _folder.Write("car.json", text);
        Assert.Equal($"{_folder.At("car.json")}: {expected}", Assert.Single(Problems()));
    }

    [Fact]
    public void Load_NoFile_SaysSo() => Assert.Contains("cannot be read", Assert.Single(Problems()), StringComparison.Ordinal);

    [Theory]
    [InlineData(101, "calibration.surprise.per_horizon[0].sd must be a number from 0 to 100")]
    [InlineData(double.NaN, "was not written, since a figure is not finite")]
    public void Write_FigureThatLoadWouldRefuse_IsRefusedAndKeepsWhatWasThere(double sd, string expected)
    {
        _folder.Write("car.json", "the one before");
        var thrown = Assert.Throws<CalibrationFileException>(() => CalibrationFile.Write(_folder.At("car.json"), WithSd(sd, abrupt: false), Manifest, [], TimeSpan.Zero));

        Assert.StartsWith($"{_folder.At("car.json")}: {expected}", Assert.Single(thrown.Problems), StringComparison.Ordinal);
        Assert.Equal("the one before", File.ReadAllText(_folder.At("car.json")));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void WriteAndLoad_AbruptOfAWideSpread_GivesItBack()
    {
        CalibrationFile.Write(_folder.At("car.json"), WithSd(20_000, abrupt: true), Manifest, [], TimeSpan.Zero);

        var read = CalibrationFile.Load(_folder.At("car.json"), Manifest).Surprise!;
        Assert.Equal((true, 20_000, 3000), (read.Abrupt, read.Norms[0].Sd, read.Threshold));
    }

    [Fact]
    public void Write_FolderGone_LeavesNothing()
    {
        Assert.ThrowsAny<IOException>(() => CalibrationFile.Write(_folder.At("gone/car.json"), RigCalibrationTests.Calibration(egoEstimated: false), Manifest, [], TimeSpan.Zero));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    private static RigCalibration WithSd(double sd, bool abrupt)
    {
        var calibration = RigCalibrationTests.Calibration(egoEstimated: false) with { ModelSha256 = Manifest.Sha256 };
        var surprise = calibration.Surprise!;
        return calibration with { Surprise = surprise with { Abrupt = abrupt, Threshold = abrupt ? 3000 : 9, Norms = [surprise.Norms[0] with { Sd = sd }] } };
    }

    private IReadOnlyList<string> Problems() => Assert.Throws<CalibrationFileException>(() => CalibrationFile.Load(_folder.At("car.json"), Manifest)).Problems;
}
