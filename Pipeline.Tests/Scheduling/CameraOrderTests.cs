using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Scheduling;

public sealed class CameraOrderTests
{
    [Theory]
    [InlineData(4, "0 1 3 2")]
    [InlineData(6, "0 5 1 4 2 3")]
    public void MostInformativeFirst_CamerasAllAround_FrontBeforeSidesBeforeRear(int cameras, string order)
    {
        var manifest = TestManifest.Create() with { InputWidthPx = 256, InputHeightPx = 128 };
        var rig = TestRig.Of(cameras);
        var points = cameras * manifest.LiftHeightsM.Count * manifest.Grid.SizeX * manifest.Grid.SizeY;
        var valid = new float[points];
        Lift.Fill(rig, manifest, new float[points * 2], valid);

        Assert.Equal(order, string.Join(' ', CameraOrder.MostInformativeFirst(manifest, valid, cameras)));
    }

    [Theory]
    [InlineData(6, 1, "5 4 3")]
    [InlineData(4, 1, "3 2")]
    [InlineData(6, 5, "5")]
    [InlineData(1, 1, "")]
    public void Ladder_AfterTheManoeuvres_TakesCamerasDownToHalf(int cameras, int fewest, string kept)
    {
        var ladder = Rung.Ladder([16, 8, 1], cameras, fewest);

        Assert.Equal([new Rung(16, Rung.EveryCamera), new Rung(8, Rung.EveryCamera), new Rung(1, Rung.EveryCamera)], ladder.Take(3));
        Assert.Equal(kept, string.Join(' ', ladder.Skip(3).Select(rung => rung.Cameras)));
        Assert.All(ladder.Skip(3), rung => Assert.Equal(1, rung.Manoeuvres));
    }
}
