using System.Text.Json;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Fixtures;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Risk;

public sealed class ManoeuvresTests
{
    private const int Steps = 5;
    private static readonly double[] Horizons = [0.5, 1, 2, 3, 4];
    private readonly Manoeuvres _manoeuvres = new(TestManifest.Create(), 16);
    private readonly float[] _controls = new float[16 * Steps * 2];

    [Fact]
    public void Rungs_ArePrefixesOfOneOrder()
    {
        Assert.Equal([16, 8, 1], _manoeuvres.Rungs);
        Assert.Equal([0, 2, 3, 4, 5, 6, 9, 10], _manoeuvres.CandidateOfRow[..8].ToArray());
        Assert.Equal(Enumerable.Range(0, 16), _manoeuvres.CandidateOfRow.ToArray().Order());
    }

    [Fact]
    public void IsImagined_AllButTheIntendedAndKeepingOn()
    {
        var candidates = _manoeuvres.CandidateOfRow.ToArray();

        Assert.Equal(candidates.Select(candidate => candidate > 1), Enumerable.Range(0, 16).Select(_manoeuvres.IsImagined));
    }

    [Fact]
    public void Write_WithoutPlan_HoldsAccelerationAndCurvature()
    {
        Assert.Equal(PlanOrigin.Keep, _manoeuvres.Write(_controls, null, speed: 10, yawRate: 0.5f, acceleration: -2));
        for (var k = 0; k < Steps; k++)
        {
            Assert.Equal((-2f, 0.05f), (_controls[2 * k], _controls[(2 * k) + 1]));
        }
    }

    [Fact]
    public void Write_Swerves_BendByLateralAccelerationOverSpeedSquared()
    {
        _manoeuvres.Write(_controls, null, speed: 10, yawRate: 0, acceleration: 0);
        var left = Row(candidate: 9);
        Assert.Equal([0.015f, 0.015f, -0.015f, -0.015f, 0f], left.Select(c => c.Curvature), new Close());
        Assert.All(left, c => Assert.Equal(0, c.Acceleration));
    }

    [Fact]
    public void Write_SlowVehicle_LimitsCurvature()
    {
        _manoeuvres.Write(_controls, null, speed: 0.1f, yawRate: 1, acceleration: 0);
        for (var i = 1; i < _controls.Length; i += 2)
        {
            Assert.InRange(_controls[i], -0.2f, 0.2f);
        }
    }

    [Fact]
    public void Write_WithPlan_TakesItsControlsAndBendsTheOthersFromItsFirstStep()
    {
        var plan = new PlanSample(At(0), At(0), [1, 2, 3, 4, 5], [0.01f, 0, 0, 0, 0]);
        Assert.Equal(PlanOrigin.Plan, _manoeuvres.Write(_controls, plan, 10, 0, 0));
        Assert.Equal([1f, 2f, 3f, 4f, 5f], Row(0).Select(c => c.Acceleration));
        Assert.All(Row(6), c => Assert.Equal((-8f, 0.01f), c));
    }

    /// <summary>The numbers are those of Training/model/contract.py, by make_manoeuvres.py, bit for bit: the model was trained on them.</summary>
    [Fact]
    public void Write_MotionsOfTheContract_GivesTheContractsControls()
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(TinyModel.Folder, "..", "manoeuvres.json")));
        foreach (var motion in cases.RootElement.EnumerateArray())
        {
            float Of(string name) => motion.GetProperty(name).GetSingle();
            var plan = motion.GetProperty("plan") is { ValueKind: JsonValueKind.Array } pairs
                ? new PlanSample(At(0), At(0), [.. pairs.EnumerateArray().Select(pair => pair[0].GetSingle())], [.. pairs.EnumerateArray().Select(pair => pair[1].GetSingle())])
                : null;
            _manoeuvres.Write(_controls, plan, Of("speed"), Of("yaw_rate"), Of("acceleration"));
            for (var candidate = 0; candidate < 16; candidate++)
            {
                var expected = motion.GetProperty("controls")[candidate].EnumerateArray().Select(value => value.GetSingle()).Chunk(2).Select(pair => (pair[0], pair[1]));
                Assert.Equal(expected, Row(candidate));
            }
        }

        Assert.Equal(5, cases.RootElement.GetArrayLength());
    }

    [Fact]
    public void Roll_FullBraking_StopsAndStays()
    {
        var poses = new Pose2[Steps];
        var controls = Held(-8, 0.05f);

        var (length, _) = PathRollout.Roll(controls, 10, Horizons, poses);

        Assert.Equal(100.0 / 16, length, 0.05); // v^2 / 2a
        Assert.Equal(poses[3], poses[4]);
    }

    [Fact]
    public void Roll_ConstantCurvature_IsACircle()
    {
        var poses = new Pose2[Steps];
        var controls = Held(0, 0.05f);

        var (length, rms) = PathRollout.Roll(controls, 10, Horizons, poses);

        Assert.Equal(40, length, 0.001);
        Assert.Equal(5, rms, 0.001);
        Assert.Equal(20 * Math.Sin(2), poses[4].X, 0.01);
        Assert.Equal(20 * (1 - Math.Cos(2)), poses[4].Y, 0.01);
        Assert.Equal(2, poses[4].Yaw, 0.001);
    }

    private static float[] Held(float acceleration, float curvature) =>
        [.. Enumerable.Range(0, 2 * Steps).Select(i => i % 2 == 0 ? acceleration : curvature)];

    private List<(float Acceleration, float Curvature)> Row(int candidate)
    {
        var row = _manoeuvres.CandidateOfRow.IndexOf(candidate);
        return [.. Enumerable.Range(0, Steps).Select(k => (_controls[(row * Steps * 2) + (2 * k)], _controls[(row * Steps * 2) + (2 * k) + 1]))];
    }

    private sealed class Close : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) < 1e-6;

        public int GetHashCode(float value) => 0;
    }
}
