using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
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

        Assert.Equal(order, string.Join(' ', CameraOrder.MostInformativeFirst(manifest, valid, cameras).Cameras.ToArray()));
    }

    [Theory]
    [InlineData(1, "0 1 3 2")] // the rear one alone: nobody to take turns with
    [InlineData(2, "0 3 1 2")] // one of the sides: the other's turn
    [InlineData(3, "0 1 3 2")]
    public void TakeTurns_SomeLeftOut_ComeFirstAmongEqualsOnly(int shed, string next)
    {
        var manifest = TestManifest.Create() with { InputWidthPx = 256, InputHeightPx = 128 };
        var rig = TestRig.Of(4);
        var points = 4 * manifest.LiftHeightsM.Count * manifest.Grid.SizeX * manifest.Grid.SizeY;
        var valid = new float[points];
        Lift.Fill(rig, manifest, new float[points * 2], valid);
        var order = CameraOrder.MostInformativeFirst(manifest, valid, 4);
        var set = new FrameSet(4);
        set.Begin();
        foreach (var camera in order.Cameras[^shed..])
        {
            set.Miss(camera, MissingReason.Shed);
        }

        order.TakeTurns(set);

        Assert.Equal(next, string.Join(' ', order.Cameras.ToArray()));
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
