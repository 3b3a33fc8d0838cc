using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Inference;

public sealed class LiftTests
{
    private static readonly ModelManifest Manifest = TestManifest.Create() with { InputWidthPx = 128, InputHeightPx = 64, LiftHeightsM = [0.2, 1.6] };

    [Fact]
    public void Fill_PointStraightAhead_FallsWhereGeometrySays()
    {
        // front camera at (1.5, 0, 1.5); cell (16, 16) at x = 9, y = 1, height 0.2: right -1, down 1.3, depth 7.5
        var (lift, valid) = Fill(TestRig.Of(1), Manifest);
        var at = Index(0, 0, 16, 16);
        var u = (91 * -1 / 7.5) + 63.75;
        var v = (91 * 1.3 / 7.5) + 31.75;

        Assert.Equal(((u + 0.5) / 64) - 1, lift[2 * at], 5);
        Assert.Equal(((v + 0.5) / 32) - 1, lift[(2 * at) + 1], 5);
        Assert.Equal(1, valid[at]);
    }

    // Made by Training/model/geometry.py's lift for the simulated rig, in float32.
    [Theory]
    [InlineData(0, 0, 14, 15, 0.42210, 1.09513, 0)]
    [InlineData(0, 1, 30, 16, -0.03626, -0.00022, 1)]
    [InlineData(1, 0, 16, 20, 0.29555, 0.34183, 1)]
    [InlineData(2, 1, 16, 10, -0.13719, -0.01440, 1)]
    [InlineData(3, 0, 5, 15, -0.11076, 0.30595, 1)]
    [InlineData(4, 1, 8, 25, 0.16826, -0.00658, 1)]
    [InlineData(5, 0, 6, 6, 0.08108, 0.17774, 1)]
    [InlineData(0, 0, 3, 3, -2.00000, -2.00000, 0)]
    [InlineData(1, 1, 40, 31, 0.86668, 0.00256, 1)]
    [InlineData(2, 0, 13, 14, -0.03275, 1.29513, 0)]
    public void Fill_SimulatedRig_AgreesWithTraining(int camera, int height, int i, int j, double x, double y, float seen)
    {
        var (lift, valid) = Fill(SimulatedRig(), Manifest);
        var at = Index(camera, height, i, j);

        Assert.Equal(x, lift[2 * at], 0.0001);
        Assert.Equal(y, lift[(2 * at) + 1], 0.0001);
        Assert.Equal(seen, valid[at]);
    }

    [Fact]
    public void Fill_SimulatedRig_SeesAsManyPointsAsTraining()
    {
        var valid = Fill(SimulatedRig(), Manifest).Valid;

        Assert.Equal([1520, 551, 555, 190, 337, 337], Enumerable.Range(0, 6).Select(c => (int)valid.Skip(c * 3072).Take(3072).Sum()));
    }

    [Fact]
    public void Fill_RowsThatShowNothing_AreNotSeen()
    {
        var flat = TestRig.Of(1);
        flat = flat with { Cameras = [flat.Cameras[0] with { HeightPx = 64, Intrinsics = new Intrinsics(182, 182, 128, 31.5) }] };

        // 32 source rows missing above and below are 16 of the model's: beyond a half of the picture nothing is seen
        var (lift, valid) = Fill(flat, Manifest);

        for (var point = 0; point < valid.Length; point++)
        {
            Assert.True(valid[point] == 0 || Math.Abs(lift[(2 * point) + 1]) <= 0.5f);
        }

        Assert.Contains(1, valid);
    }

    [Fact]
    public void Fill_LensThatBendsRaysOutOfTheSource_LeavesThemInvalid()
    {
        var ideal = TestRig.Of(1);
        var bent = ideal with { Cameras = [ideal.Cameras[0] with { Distortion = new Distortion(DistortionModel.Brown, [0.3, 0, 0, 0, 0]) }] };

        var (_, seenIdeal) = Fill(ideal, Manifest);
        var (_, seenBent) = Fill(bent, Manifest);

        Assert.True(seenBent.Sum() < seenIdeal.Sum());
    }

    [Fact]
    public void Fill_WrongLength_Throws() =>
        Assert.Throws<ArgumentException>(() => Lift.Fill(TestRig.Of(1), Manifest, new float[10], new float[5]));

    private static (float[] Lift, float[] Valid) Fill(Rig rig, ModelManifest manifest)
    {
        var points = rig.Cameras.Count * 2 * 48 * 32;
        var (lift, valid) = (new float[points * 2], new float[points]);
        Lift.Fill(rig, manifest, lift, valid);
        return (lift, valid);
    }

    private static int Index(int camera, int height, int i, int j) => (((((camera * 2) + height) * 48) + i) * 32) + j;

    private static Rig SimulatedRig()
    {
        (double X, double Y, double YawDeg)[] mounts = [(1.6, 0, 0), (1.5, 0.55, 60), (1.5, -0.55, -60), (-0.6, 0, 180), (0.9, 0.75, 120), (0.9, -0.75, -120)];
        return TestRig.Of(1) with
        {
            Cameras = [.. mounts.Select((mount, i) =>
            {
                var camera = TestRig.Camera($"camera{i}", yaw: mount.YawDeg * Math.PI / 180);
                return camera with { VehicleFromCamera = camera.VehicleFromCamera with { Tx = mount.X, Ty = mount.Y } };
            })],
        };
    }
}
