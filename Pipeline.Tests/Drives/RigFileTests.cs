using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Drives;

public sealed class RigFileTests
{
    internal const string Json = """
        { "schema": "forecast.rig/1", "name": "one", "calibration": "measured",
          "estimated_how": "rendered with it",
          "vehicle": { "length_m": 4.6, "width_m": 1.85, "rear_overhang_m": 0.95 },
          "skew_tolerance_s": 0.05,
          "cameras": [ { "name": "front", "width_px": 64, "height_px": 32, "rate_hz": 10,
            "intrinsics": { "fx_px": 45.5, "fy_px": 45.5, "cx_px": 32.0, "cy_px": 16.0 },
            "distortion": { "model": "brown", "coefficients": [-0.1, 0.01, 0, 0, 0] },
            "extrinsics": { "translation_m": [1.6, 0.0, 1.5], "rotation_wxyz": [0.5, -0.5, 0.5, -0.5] },
            "stamp": { "how": "arrival", "latency_s": 0.03, "uncertainty_s": 0.005 } } ] }
        """;

    [Fact]
    public void Parse_Json_ReadsEverything()
    {
        var rig = RigFile.Parse(Json, "rig.json");

        Assert.Equal(("one", false, "rendered with it", TimeSpan.FromMilliseconds(50)), (rig.Name, rig.CalibrationAssumed, rig.EstimatedHow, rig.SkewTolerance));
        Assert.Equal(new VehicleOutline(4.6, 1.85, 0.95), rig.Vehicle);
        var camera = Assert.Single(rig.Cameras);
        Assert.Equal(("front", 64, 32, 10d), (camera.Name, camera.WidthPx, camera.HeightPx, camera.RateHz));
        Assert.Equal(new Intrinsics(45.5, 45.5, 32, 16), camera.Intrinsics);
        Assert.Equal(DistortionModel.Brown, camera.Distortion.Model);
        Assert.Equal([-0.1, 0.01, 0, 0, 0], camera.Distortion.Coefficients);
        Assert.Equal(new RigidTransform(0.5, -0.5, 0.5, -0.5, 1.6, 0, 1.5), camera.VehicleFromCamera);
        Assert.Equal(new StampQuality(StampOrigin.Arrival, TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(5)), camera.Stamp);
    }

    [Fact]
    public void Parse_ArrivalWithoutLatency_IsUnverified()
    {
        var rig = RigFile.Parse(Json.Replace("\"latency_s\": 0.03,", ""), "rig.json");

        Assert.False(rig.Cameras[0].Stamp.Verified);
    }

    [Theory]
    [InlineData("\"fx_px\": 45.5", "\"fx_px\": -3", "rig.json:6: cameras[0].intrinsics.fx_px: '-3' is not allowed: a number from 1 to 100000")]
    [InlineData("\"fx_px\": 45.5", "\"fx_px\": nan", "rig.json:6: cameras[0].intrinsics.fx_px: 'nan' is not allowed")]
    [InlineData("\"extrinsics\"", "\"extr\"", "cameras[0].extr is no known key: did you mean extrinsics?")]
    [InlineData("\"rate_hz\"", "\"rate_hx\"", "rig.json:5: cameras[0].rate_hx is no known key: did you mean rate_hz?")]
    [InlineData("\"rate_hz\": 10,", "", "rig.json:5: cameras[0].rate_hz is missing: a number from 0.1 to 240")]
    [InlineData("[0.5, -0.5, 0.5, -0.5]", "[0.5, -0.5, 0.5, 0.9]", "must be a unit quaternion (w, x, y, z); its length is 1.249")]
    [InlineData("[0.5, -0.5, 0.5, -0.5]", "[0.5, -0.5, 0.5]", "rotation_wxyz: this is not allowed: a list of 4 numbers")]
    [InlineData("\"brown\"", "\"brwon\"", "'brwon' is not allowed: one of none, brown, fisheye; did you mean brown?")]
    [InlineData("forecast.rig/1", "forecast.rig/9", "schema: 'forecast.rig/9' is not allowed")]
    [InlineData("\"measured\",", "\"assumed\",", null)]
    [InlineData("\"vehicle\"", "\"car\"", "vehicle is missing")]
    [InlineData("\"front\"", "\"front camera\"", "letters, digits, _ and - only")]
    [InlineData("\"width_px\": 64", "\"width_px\": 64.5", "cameras[0].width_px: '64.5' is not allowed: a whole number")]
    [InlineData("0.95 }", "4.9 }", "vehicle.rear_overhang_m: must be less than length_m")]
    public void Parse_SomethingWrong_SaysWhereAndWhatIsAllowed(string good, string bad, string? expected)
    {
        var text = Json.Replace(good, bad);
        if (expected is null)
        {
            Assert.True(RigFile.Parse(text, "rig.json").CalibrationAssumed);
            return;
        }

        var refused = Assert.Throws<UnusableInputException>(() => RigFile.Parse(text, "rig.json"));

        Assert.Contains(refused.Problems, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_SeveralThingsWrong_SaysAllInTheOrderOfLines()
    {
        var text = Json.Replace("\"length_m\": 4.6", "\"length_m\": 0").Replace("\"skew_tolerance_s\": 0.05", "\"skew_tolerance_s\": 7").Replace("32, \"rate", "3, \"rate");

        var problems = Assert.Throws<UnusableInputException>(() => RigFile.Parse(text, "rig.json")).Problems;

        Assert.Equal(["rig.json:3:", "rig.json:4:", "rig.json:5:"], problems.Select(p => p[..11]));
    }

    [Fact]
    public void Parse_AssumedWithoutSayingHow_IsRefused()
    {
        var text = Json.Replace("\"measured\"", "\"assumed\"").Replace("\"estimated_how\": \"rendered with it\",", "");

        Assert.Contains("must say how", Assert.Throws<UnusableInputException>(() => RigFile.Parse(text, "r")).Problems.Single());
    }

    [Fact]
    public void Parse_TwoCamerasOfOneName_IsRefused()
    {
        var camera = Json[(Json.IndexOf("[ {", StringComparison.Ordinal) + 1)..Json.LastIndexOf(']')];

        var problems = Assert.Throws<UnusableInputException>(() => RigFile.Parse(Json.Replace(camera, camera + "," + camera), "rig.json")).Problems;

        Assert.Contains("a second camera called 'front'", problems.Single());
    }

    [Theory]
    [InlineData("{ \"schema\": [", "no YAML or JSON")]
    [InlineData("just words", "one set of keys")]
    [InlineData("", "one set of keys")]
    [InlineData("a: 1\na: 2", "no YAML or JSON")]
    public void Parse_NotEvenYaml_IsOneLine(string text, string expected)
    {
        var problem = Assert.Throws<UnusableInputException>(() => RigFile.Parse(text, "rig.yaml")).Problems.Single();

        Assert.Contains(expected, problem);
        Assert.DoesNotContain('\n', problem);
    }

    [Fact]
    public void Load_Missing_IsOneLine() =>
        Assert.Contains("cannot be read", Assert.Throws<UnusableInputException>(() => RigFile.Load("/nowhere/rig.yaml")).Problems.Single());

    [Theory]
    [InlineData("commavq")]
    [InlineData("udacity_p1")]
    public void Load_AssumedRigOfTheSamples_IsAssumedAndSaysHow(string name)
    {
        var rig = RigFile.Load(Path.Combine(RealData.Repository, "data-samples", "rigs", name + ".yaml"));

        Assert.True(rig.CalibrationAssumed);
        Assert.True(rig.EstimatedHow.Length > 100);
    }

    // The horizon and the lane at 20 m, as they lie in the pictures that the rigs were estimated from.
    [Theory]
    [InlineData("commavq", 121.3, 68.3)]
    [InlineData("udacity_p1", 481.5, 305.3)]
    public void Load_AssumedRigOfTheSamples_LooksAtItsVanishingPoint(string name, double u, double v)
    {
        var camera = RigFile.Load(Path.Combine(RealData.Repository, "data-samples", "rigs", name + ".yaml")).Cameras[0];
        var (right, down, depth) = new VehicleFromCamera(camera.VehicleFromCamera).ToCamera(1e7, 0, 0);

        Assert.Equal(u, (camera.Intrinsics.Fx * right / depth) + camera.Intrinsics.Cx, 0.3);
        Assert.Equal(v, (camera.Intrinsics.Fy * down / depth) + camera.Intrinsics.Cy, 0.3);
    }
}
