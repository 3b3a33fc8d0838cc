using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Fixtures;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

public sealed class ModelFolderTests
{
    /// <summary>A fault by name: how the manifest is spoilt, and the whole line that must name it.</summary>
    private static readonly Dictionary<string, (Action<JsonNode> Spoil, string Line)> _faults = new()
    {
        ["schema"] = (m => m["schema"] = "forecast.model/2", "model.json: schema is \"forecast.model/2\"; this program reads \"forecast.model/1\""),
        ["field missing"] = (m => m.AsObject().Remove("licence"), "model.json: licence is missing"),
        ["field null"] = (m => m["version"] = null, "model.json: version is missing"),
        ["text empty"] = (m => m["name"] = " ", "model.json: name must be text that is not empty"),
        ["section of another kind"] = (m => m["levels"]!["alarm"] = 3, "model.json: levels.alarm must be an object"),
        ["file outside"] = (m => m["files"]!["memory"]!["path"] = "../memory.onnx", "model.json: files.memory.path must be the bare name of a file in the model folder"),
        ["hash malformed"] = (m => m["files"]!["memory"]!["sha256"] = "abc", "model.json: files.memory.sha256 must be a SHA-256, 64 hexadecimal digits"),
        ["layout"] = (m => m["camera_input"]!["layout"] = "NCHW", "model.json: camera_input.layout is \"NCHW\"; this program reads \"NHWC\""),
        ["cameras"] = (m => m["cameras"]!["max"] = 0, "model.json: cameras.max must be a whole number from 1 to 64"),
        ["tick"] = (m => m["tick_period_s"] = 0, "model.json: tick_period_s must be above 0 and at most 10"),
        ["gap"] = (m => m["largest_gap_s"] = 0.05, "model.json: largest_gap_s must not be shorter than tick_period_s, or every tick would start afresh"),
        ["horizons fall"] = (m => m["horizons_s"]![1] = 0.4, "model.json: horizons_s must increase from entry to entry"),
        ["candidates"] = (m => m["manoeuvres"]!["candidates"]!.AsArray().RemoveAt(15), "model.json: manoeuvres.candidates has 15 entries; it must have 16"),
        ["candidate twice"] = (m => m["manoeuvres"]!["candidates"]![2]!["name"] = "keep", "model.json: manoeuvres.candidates[2] has the name \"keep\" of one before it"),
        ["candidate steps"] = (m => m["manoeuvres"]!["candidates"]![3]!["lateral_mps2"]!.AsArray().RemoveAt(0), "model.json: manoeuvres.candidates[3].lateral_mps2 has 4 entries; it must have 5"),
        ["candidate absurd"] = (m => m["manoeuvres"]!["candidates"]![3]!["acceleration_mps2"] = -200, "model.json: manoeuvres.candidates[3].acceleration_mps2 must be a number from -20 to 20"),
        ["intended with numbers"] = (m => m["manoeuvres"]!["candidates"]![0]!["acceleration_mps2"] = 1, "model.json: manoeuvres.candidates[0] is the intended manoeuvre; it has no acceleration_mps2 and no lateral_mps2 of its own"),
        ["rung twice"] = (m => m["manoeuvres"]!["rung8"]![1] = 0, "model.json: manoeuvres.rung8[1] names candidate 0 a second time"),
        ["rung without intended"] = (m => m["manoeuvres"]!["rung8"]![0] = 15, "model.json: manoeuvres.rung8[0] must be 0, the intended manoeuvre"),
        ["grid"] = (m => m["grid"]!["resolution_m"] = "2", "model.json: grid.resolution_m must be a number from 0 to 100"),
        ["classes twice"] = (m => m["occupancy_classes"]![1] = "vehicle", "model.json: occupancy_classes[1] \"vehicle\" stands there twice"),
        ["initial state"] = (m => m["initial_state"] = "ones", "model.json: initial_state is \"ones\"; this program reads \"zeros\""),
        ["cost missing"] = (m => m["cost_table_ms"]!.AsArray().RemoveAt(1), "model.json: cost_table_ms has no entry for batch 1 with 8 manoeuvres"),
        ["cost twice"] = (m => m["cost_table_ms"]!.AsArray().Add(m["cost_table_ms"]![0]!.DeepClone()), "model.json: cost_table_ms[3] repeats batch 1 with 16 manoeuvres"),
        ["scale turns order"] = (m => m["calibration"]!["risk"]![0]!["scale"] = -1, "model.json: calibration.risk[0].scale must be a number from 0 to 1000"),
        ["calibration short"] = (m => m["calibration"]!["occupancy"]!.AsArray().RemoveAt(5), "model.json: calibration.occupancy has 5 entries; it must have 6"),
        ["calibration horizon"] = (m => m["calibration"]!["risk"]![1]!["horizon_s"] = 1.5, "model.json: calibration.risk[1].horizon_s must be 1, as horizons_s has it"),
        ["edges fall"] = (m => m["calibration"]!["upper_bound"]!["per_horizon"]![0]!["edges"]![1] = 0.1, "model.json: calibration.upper_bound.per_horizon[0].edges must increase from entry to entry"),
        ["bounds short"] = (m => m["calibration"]!["upper_bound"]!["per_horizon"]![0]!["bounds"]!.AsArray().RemoveAt(0), "model.json: calibration.upper_bound.per_horizon[0].bounds has 2 entries; it must have 3"),
        ["bounds fall"] = (m => m["calibration"]!["upper_bound"]!["per_horizon"]![0]!["bounds"]![2] = 0.5, "model.json: calibration.upper_bound.per_horizon[0].bounds must not fall from entry to entry"),
        ["alpha"] = (m => m["calibration"]!["upper_bound"]!["alpha"] = 1, "model.json: calibration.upper_bound.alpha must be above 0 and below 1"),
        ["hysteresis"] = (m => m["levels"]!["high"]!["fall"] = 0.5, "model.json: levels.high must have rise above fall"),
        ["levels' order"] = (m => m["levels"]!["elevated"]!["rise"] = 0.6, "model.json: levels must have high above elevated, in rise and in fall"),
        ["level's horizon"] = (m => m["levels"]!["horizon_s"] = 2.5, "model.json: levels.horizon_s is none of horizons_s"),
        ["alarm"] = (m => m["levels"]!["alarm"]!["m"] = 6, "model.json: levels.alarm.m must be a whole number from 1 to 5"),
        ["apart: scale turns order"] = (m => AddEgoEstimated(m)["calibration"]!["risk_ego_estimated"]![1]!["scale"] = 0, "model.json: calibration.risk_ego_estimated[1].scale must be above 0 and at most 1000"),
        ["candidates: risk short"] = (m => (m["calibration"]!["risk_candidates"] = m["calibration"]!["risk"]!.DeepClone()).AsArray().RemoveAt(0), "model.json: calibration.risk_candidates has 4 entries; it must have 5"),
        ["apart: risk short"] = (m => AddEgoEstimated(m)["calibration"]!["risk_ego_estimated"]!.AsArray().RemoveAt(0), "model.json: calibration.risk_ego_estimated has 4 entries; it must have 5"),
        ["apart: no list"] = (m => m["calibration"]!["risk_ego_estimated"] = "as risk", "model.json: calibration.risk_ego_estimated must be a list"),
        ["apart: bounds fall"] = (m => AddEgoEstimated(m)["calibration"]!["upper_bound_ego_estimated"]!["per_horizon"]![0]!["bounds"]![2] = 0.5, "model.json: calibration.upper_bound_ego_estimated.per_horizon[0].bounds must not fall from entry to entry"),
        ["apart: bound without alpha"] = (m => AddEgoEstimated(m)["calibration"]!["upper_bound_ego_estimated"]!.AsObject().Remove("alpha"), "model.json: calibration.upper_bound_ego_estimated.alpha is missing"),
        ["apart: hysteresis"] = (m => AddEgoEstimated(m)["levels_ego_estimated"]!["high"]!["fall"] = 0.5, "model.json: levels_ego_estimated.high must have rise above fall"),
        ["apart: alarm"] = (m => AddEgoEstimated(m)["levels_ego_estimated"]!.AsObject().Remove("alarm"), "model.json: levels_ego_estimated.alarm is missing"),
        ["apart: levels misplaced"] = (m => m["calibration"]!["levels_ego_estimated"] = m["levels"]!.DeepClone(), "model.json: calibration.levels_ego_estimated belongs beside levels, not in calibration"),
        ["surprise: no list"] = (m => TestSurprise.AddTo(m)["per_horizon"] = 1, "model.json: calibration.surprise.per_horizon must be a list"),
        ["surprise: whitening of a patch"] = (m => TestSurprise.AddTo(m)["per_horizon"]![0]!["whitening"] = Whitening(4), "model.json: calibration.surprise.per_horizon[0].whitening belongs to the statistic \"abrupt\" only"),
        ["surprise: too far back"] = (m => TestSurprise.AddTo(m)["per_horizon"]![1]!["horizon_s"] = 2, "model.json: calibration.surprise.per_horizon[1].horizon_s must be a number from 0 to 1"),
        ["surprise: horizon"] = (m => TestSurprise.AddTo(m)["per_horizon"]![1]!["horizon_s"] = 0.7, "model.json: calibration.surprise.per_horizon[1].horizon_s is none of horizons_s"),
        ["surprise: horizon twice"] = (m => TestSurprise.AddTo(m)["per_horizon"]![1]!["horizon_s"] = 0.5, "model.json: calibration.surprise.per_horizon[1].horizon_s must increase from entry to entry"),
        ["surprise: deviation"] = (m => TestSurprise.AddTo(m)["per_horizon"]![0]!["sd"] = 0, "model.json: calibration.surprise.per_horizon[0].sd must be above 0 and at most 100"),
        ["surprise: m of n"] = (m => TestSurprise.AddTo(m)["m"] = 6, "model.json: calibration.surprise.m must be a whole number from 1 to 5"),
        ["surprise: statistic"] = (m => TestSurprise.AddTo(m)["statistic"] = "mean", "model.json: calibration.surprise.statistic must be patch, map or abrupt"),
        ["surprise: cells of a patch"] = (m => TestSurprise.AddTo(m).Remove("worst_cells"), "model.json: calibration.surprise.worst_cells is missing"),
        ["surprise: cells of a map"] = (m => TestSurprise.AddTo(m)["statistic"] = "map", "model.json: calibration.surprise.worst_cells belongs to the statistics \"patch\" and \"abrupt\" only"),
        ["surprise: own motion of no width"] = (m => TestSurprise.AddTo(m)["own_motion"] = new JsonObject { ["ticks"] = 3, ["centre"] = 0.5, ["width"] = 0 }, "model.json: calibration.surprise.own_motion.width must be above 0 and at most 100"),
        ["surprise: own motion too long"] = (m => TestSurprise.AddTo(m)["own_motion"] = new JsonObject { ["ticks"] = 11, ["centre"] = 0.5, ["width"] = 1 }, "model.json: calibration.surprise.own_motion.ticks must be a whole number from 1 to 10"),
        ["surprise: no base64"] = (m => TestSurprise.AddTo(m)["per_horizon"]![0]!["cells_mean"] = "0.5,0.25", "model.json: calibration.surprise.per_horizon[0].cells_mean must be base64 of little-endian float32"),
        ["surprise: another map"] = (m => TestSurprise.AddTo(m)["per_horizon"]![1]!["cells_mean"] = TestSurprise.Base64(0, 95), "model.json: calibration.surprise.per_horizon[1].cells_mean holds 95 numbers; the observed map has 96 cells"),
        ["surprise: no number"] = (m => TestSurprise.AddTo(m)["per_horizon"]![0]!["cells_mean"] = TestSurprise.Base64(float.NaN, 96), "model.json: calibration.surprise.per_horizon[0].cells_mean holds a number that is not finite"),
        ["surprise: no spread"] = (m => TestSurprise.AddTo(m)["per_horizon"]![0]!["cells_spread"] = TestSurprise.Base64(0, 96), "model.json: calibration.surprise.per_horizon[0].cells_spread must be above 0 everywhere"),
        ["surprise: hours"] = (m => TestSurprise.AddTo(m)["validation_hours"] = 0, "model.json: calibration.surprise.validation_hours must be above 0 and at most 1000000"),
        ["surprise: bound missing"] = (m => TestSurprise.AddTo(m).Remove("false_alarms_per_hour"), "model.json: calibration.surprise.false_alarms_per_hour is missing"),
        ["novelty: no cosine"] = (m => AddNovelty(m)["similarity"] = 1.5, "model.json: calibration.novelty.similarity must be a number from -1 to 1"),
        ["novelty: m of n"] = (m => AddNovelty(m)["m"] = 0, "model.json: calibration.novelty.m must be a whole number from 1 to 10"),
        ["figure's interval"] = (m => m["skill"]!["figures"]!.AsArray().Add(new JsonObject { ["name"] = "iou", ["value"] = 0.5, ["low"] = 0.6, ["high"] = 0.7 }), "model.json: skill.figures[0] has its value outside low to high"),
        ["tensor undeclared"] = (m => m["tensors"]!.AsArray().RemoveAt(20), "model.json: tensors does not declare predictor output hazard_logits"),
        ["tensor of another size"] = (m => m["tensors"]![0]!["shape"]![1] = 32, "model.json: tensors[0] declares encoder input images as uint8 [N,32,128,3]; it must be uint8 [N,64,128,3]"),
        ["tensor of a fixed batch"] = (m => m["tensors"]![19]!["shape"]![0] = 1, "model.json: tensors[19] declares predictor output occupancy_logits as float32 [1,6,3,48,32]; it must be float32 [B,6,3,48,32]"),
        ["tensor against another"] = (m => m["tensors"]![2]!["shape"]![2] = 5, "model.json: tensors[2] declares memory input features as float32 [B,C,5,16,32]; it must be float32 [B,C,4,16,32]"),
        ["tensor's type"] = (m => m["tensors"]![0]!["type"] = "float32", "model.json: tensors[0] declares encoder input images as float32 [N,64,128,3]; it must be uint8 [N,64,128,3]"),
        ["tensor unknown"] = (m => m["tensors"]!.AsArray().Add(new JsonObject { ["graph"] = "encoder", ["name"] = "extra", ["kind"] = "input", ["type"] = "float32", ["shape"] = new JsonArray(1) }), "model.json: tensors[21] declares encoder input extra, which no model of this schema has"),
    };

    public static TheoryData<string> Faults => [.. _faults.Keys];

    [Fact]
    public void Read_SoundFolder_GivesWhatModelJsonSays()
    {
        var manifest = ModelFolder.Read(TinyModel.Folder).Manifest;

        Assert.Equal("tiny", manifest.Name);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(TinyModel.Folder, "model.json")))), manifest.Sha256);
        Assert.Equal((128, 64), (manifest.InputWidthPx, manifest.InputHeightPx));
        Assert.Equal((1, 6), (manifest.CamerasMin, manifest.CamerasMax));
        Assert.Equal([0.5, 1, 2, 3, 4], manifest.HorizonsS);
        Assert.Equal(TimeSpan.FromMilliseconds(700), manifest.LargestGap);
        Assert.Equal([4, 48, 32], manifest.Shapes.State);
        Assert.Equal([2, 12, 8], manifest.Shapes.Observed);
        Assert.Equal(4, manifest.Shapes.Descriptor);
        Assert.Equal(16, manifest.Candidates.Count);
        Assert.Null(manifest.Candidates[0].AccelerationsMps2);
        Assert.Equal([-8, -8, -8, -8, -8], manifest.Candidates[6].AccelerationsMps2!);
        Assert.Equal([-4, -4, 0, 1.5, 1.5], manifest.Candidates[15].AccelerationsMps2!);
        Assert.Equal([-1.5, -1.5, 1.5, 1.5, 0], manifest.Candidates[10].LateralMps2);
        Assert.Equal([0, 2, 3, 4, 5, 6, 9, 10], manifest.Rung8);
        Assert.Equal(TimeSpan.FromMilliseconds(8), manifest.CostTable[1].Cost);
        Assert.Equal([0.2, 0.6, 1.0], manifest.Calibration.UpperBound.Bounds[4]);
        Assert.Equal((3, 5), (manifest.Levels.AlarmM, manifest.Levels.AlarmN));
        Assert.Equal(2, manifest.LiftHeightsM.Count);
        Assert.Null(manifest.Calibration.RiskEgoEstimated);
        Assert.Null(manifest.Calibration.UpperBoundEgoEstimated);
        Assert.Null(manifest.LevelsEgoEstimated);
        Assert.Null(manifest.Calibration.Surprise);
    }

    [Fact]
    public void Load_CalibratedForSurpriseAndNovelty_GivesTheirConstants()
    {
        using var model = new ModelFolderCopy();
        model.Edit(m =>
        {
            TestSurprise.AddTo(m);
            AddNovelty(m);
        });

        Assert.Empty(model.Problems());
        var calibration = ModelFolder.Read(model.Folder).Manifest.Calibration;

        var surprise = calibration.Surprise!;
        Assert.Equal([(0.5, -1.25, 0.25), (1, -0.75, 0.25)], surprise.Norms.Select(norm => (norm.HorizonS, norm.Mean, norm.Sd)));
        Assert.All(surprise.Norms, norm => Assert.Equal(Enumerable.Repeat(-3f, TestSurprise.TinyCells), norm.CellMean.ToArray()));
        Assert.All(surprise.Norms, norm => Assert.Equal(Enumerable.Repeat(0.5f, TestSurprise.TinyCells), norm.CellSpread.ToArray()));
        Assert.Equal(("patch", 5, 3.5, 1, 5, 1.5, 2.25), (surprise.Statistic, surprise.WorstCells, surprise.Threshold, surprise.M, surprise.N, surprise.FalseAlarmsPerHour, surprise.MeasuredHours));
        Assert.Null(calibration.SurpriseEgoEstimated);
        Assert.Equal(new NoveltyCalibration(0.85, 5, 10), calibration.Novelty);
    }

    [Fact]
    public void Load_AbruptSurpriseWithOwnMotion_GivesBoth()
    {
        using var model = new ModelFolderCopy();
        var channels = ModelFolder.Read(model.Folder).Manifest.Shapes.Observed[0];
        model.Edit(m =>
        {
            var surprise = TestSurprise.AddTo(m);
            surprise["statistic"] = "abrupt";
            surprise["own_motion"] = new JsonObject { ["ticks"] = 3, ["centre"] = 0.5, ["width"] = 1.25 };
            surprise["per_horizon"]![0]!["whitening"] = Whitening(channels * channels);
        });

        Assert.Empty(model.Problems());
        var surprise = ModelFolder.Read(model.Folder).Manifest.Calibration.Surprise!;
        Assert.Equal([..Enumerable.Repeat(0.25f, surprise.Norms[0].Whitening.Length)], surprise.Norms[0].Whitening.ToArray());
        Assert.NotEqual(0, surprise.Norms[0].Whitening.Length);
        Assert.Equal(0, surprise.Norms[1].Whitening.Length);
        Assert.Equal(("abrupt", true, 5, new OwnMotionNorm(3, 0.5, 1.25)), (surprise.Statistic, surprise.Abrupt, surprise.WorstCells, surprise.OwnMotion));
    }

    [Fact]
    public void Load_CalibratedApartForEstimatedMotion_GivesBoth()
    {
        using var model = new ModelFolderCopy();
        model.Edit(m =>
        {
            AddEgoEstimated(m)["calibration"]!["risk_ego_estimated"]![4]!["bias"] = -2.5;
            m["calibration"]!["risk_candidates"] = m["calibration"]!["risk"]!.DeepClone();
            m["calibration"]!["risk_candidates"]![4]!["bias"] = 1.25;
            m["calibration"]!["upper_bound_ego_estimated"]!["n"] = 77;
            m["levels_ego_estimated"]!["horizon_s"] = 3;
        });

        Assert.Empty(model.Problems());
        var manifest = ModelFolder.Read(model.Folder).Manifest;

        Assert.Equal((0, -2.5), (manifest.Calibration.RiskFor(EgoOrigin.Extrapolated)[4].Bias, manifest.Calibration.RiskFor(EgoOrigin.Estimated)[4].Bias));
        Assert.Equal((1.25, -2.5), (manifest.Calibration.CandidatesFor(EgoOrigin.Measured)[4].Bias, manifest.Calibration.CandidatesFor(EgoOrigin.Estimated)[4].Bias));
        Assert.NotEqual(77, manifest.Calibration.UpperBoundFor(EgoOrigin.Measured).SampleCount);
        Assert.Equal(77, manifest.Calibration.UpperBoundFor(EgoOrigin.Estimated).SampleCount);
        Assert.Equal((2, 3), (manifest.LevelHorizonFor(EgoOrigin.Measured), manifest.LevelHorizonFor(EgoOrigin.Estimated)));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Load_OneFault_NamesIt(string fault)
    {
        using var model = new ModelFolderCopy();
        model.Edit(_faults[fault].Spoil);

        Assert.Contains(_faults[fault].Line, model.Problems());
    }

    [Fact]
    public void Load_ManyFaults_NamesEveryOneAtOnce()
    {
        using var model = new ModelFolderCopy();
        model.Edit(m =>
        {
            m["levels"]!["high"]!["fall"] = 0.5;
            m.AsObject().Remove("licence");
            m["tensors"]![12]!["shape"]![1] = 5; // descriptor
        });
        File.Delete(model["encoder.onnx"]);
        File.AppendAllText(model["predictor.onnx"], "x");

        var problems = model.Problems();

        Assert.Equal(5, problems.Count);
        Assert.Contains("model.json: levels.high must have rise above fall", problems);
        Assert.Contains("model.json: licence is missing", problems);
        Assert.Contains("encoder.onnx: is not in the folder; copy the whole folder again", problems);
        Assert.Contains("memory.onnx: output descriptor is float32 [B,4]; model.json declares float32 [B,5]. Export the model and its manifest together", problems);
        Assert.Contains(problems, p => p.StartsWith("predictor.onnx: its ", StringComparison.Ordinal) && p.Contains("SHA-256", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_NoFolder_SaysSo()
    {
        var thrown = Assert.Throws<ModelFolderException>(() => OnnxWorldModel.Load("/nowhere/nano"));

        Assert.Equal("Model folder /nowhere/nano: there is no such folder; name one that holds a model.json with --model", thrown.Message);
    }

    [Fact]
    public void Load_NoManifest_SaysSo()
    {
        using var model = new ModelFolderCopy();
        File.Delete(model["model.json"]);

        Assert.Equal(["model.json: is not in the folder; copy the whole folder again"], model.Problems());
    }

    [Theory]
    [InlineData("{\n\"schema\": ", "model.json: not valid JSON at line 2")]
    [InlineData("", "model.json: not valid JSON")]
    [InlineData("{ \"name\": \"a\", \"name\": \"b\" }", "model.json: not valid JSON")]
    [InlineData("{ \"tick_period_s\": NaN }", "model.json: not valid JSON at line 1")]
    [InlineData("[]", "model.json must be an object")]
    public void Load_ManifestThatIsNoObject_SaysSoInOneLine(string json, string start)
    {
        using var model = new ModelFolderCopy();
        File.WriteAllText(model["model.json"], json);

        Assert.StartsWith(start, Assert.Single(model.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_GraphCutOff_SaysSoInOneLine()
    {
        using var model = new ModelFolderCopy();
        var whole = File.ReadAllBytes(model["memory.onnx"]);
        File.WriteAllBytes(model["memory.onnx"], whole[..1000]);

        Assert.StartsWith("memory.onnx: its 1000 bytes have SHA-256 ", Assert.Single(model.Problems()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Load_GraphOfRubbishWithItsHash_SaysSoInOneLine(int length)
    {
        using var model = new ModelFolderCopy();
        model.Replace("encoder", new byte[length]);

        Assert.StartsWith("encoder.onnx: ONNX Runtime cannot load it (", Assert.Single(model.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AnotherGraphInItsPlace_NamesEveryTensor()
    {
        using var model = new ModelFolderCopy();
        model.Replace("predictor", File.ReadAllBytes(model["encoder.onnx"]));

        var problems = model.Problems();

        // Seven tensors that are missed, two that nobody declared.
        Assert.Equal(9, problems.Count);
        Assert.Contains("predictor.onnx: has no output hazard_logits; model.json declares it as float32 [B,A,5]. It has features", problems);
        Assert.Contains("predictor.onnx: input images, uint8 [N,64,128,3], is not in model.json's tensors", problems);
    }

    [Fact]
    public void Load_AnotherGraphWithoutItsHash_NamesTheHashAndEveryTensor()
    {
        using var model = new ModelFolderCopy();
        File.Copy(model["encoder.onnx"], model["predictor.onnx"], overwrite: true);

        var problems = model.Problems();

        Assert.Equal(10, problems.Count);
        Assert.Contains(problems, p => p.Contains("SHA-256", StringComparison.Ordinal));
        Assert.Contains("predictor.onnx: output features, float32 [N,4,16,32], is not in model.json's tensors", problems);
    }

    [Fact]
    public void Load_GraphThatComputesNaN_IsFoundByTheTrial()
    {
        using var model = new ModelFolderCopy();
        model.Replace("encoder", Patched(model["encoder.onnx"], BitConverter.GetBytes(1f / 255), BitConverter.GetBytes(float.NaN)));

        var problems = model.Problems();

        Assert.Equal(2, problems.Count);
        Assert.Equal("the graphs give values that are not finite, in a trial with cameras: 6, manoeuvres: 16; export the model again", problems[1]);
    }

    [Fact]
    public void Load_GraphWhoseSizesDoNotHold_IsFoundByTheTrial()
    {
        using var model = new ModelFolderCopy();
        model.Replace("memory", Patched(model["memory.onnx"], BitConverter.GetBytes(96L), BitConverter.GetBytes(95L)));

        var problems = model.Problems();

        Assert.Equal(2, problems.Count);
        Assert.All(problems, p => Assert.StartsWith("memory failed: ", p, StringComparison.Ordinal));
        Assert.EndsWith("in a trial with cameras: 1, manoeuvres: 1; export the model again", problems[0], StringComparison.Ordinal);
    }

    private static string Whitening(int count)
    {
        var bytes = new byte[count * sizeof(float)];
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), 0.25f);
        }

        return Convert.ToBase64String(bytes);
    }

    private static JsonNode AddNovelty(JsonNode manifest) => manifest["calibration"]!["novelty"] = JsonNode.Parse("""{ "similarity": 0.85, "m": 5, "n": 10 }""")!;

    /// <summary>The optional parts for streams without an ego log, as those for streams with one.</summary>
    private static JsonNode AddEgoEstimated(JsonNode manifest)
    {
        manifest["calibration"]!["risk_ego_estimated"] = manifest["calibration"]!["risk"]!.DeepClone();
        manifest["calibration"]!["upper_bound_ego_estimated"] = manifest["calibration"]!["upper_bound"]!.DeepClone();
        manifest["levels_ego_estimated"] = manifest["levels"]!.DeepClone();
        return manifest;
    }

    /// <summary>The file's bytes with the one place that holds <paramref name="constant"/> changed.</summary>
    private static byte[] Patched(string file, byte[] constant, byte[] replacement)
    {
        var bytes = File.ReadAllBytes(file);
        var at = bytes.AsSpan().IndexOf(constant);
        Assert.Equal(at, bytes.AsSpan().LastIndexOf(constant));
        replacement.CopyTo(bytes, at);
        return bytes;
    }
}
