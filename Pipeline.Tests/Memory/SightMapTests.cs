using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Memory;

/// <summary>A grid of 4 x 4 cells of 2 m below an observed map of 2 x 2, two heights, two cameras.</summary>
public sealed class SightMapTests
{
    private const int Cells = 16;
    private static readonly ModelManifest Manifest = TestManifest.Create() with
    {
        Grid = new OccupancyGrid(-4, -4, 2, 4, 4), LiftHeightsM = [0.2, 1], Shapes = new ModelShapes([2, 4, 4], [1, 2, 2], 4),
    };

    [Fact]
    public void Fill_EveryWayToSeeABlock_IsUnknownOnlyWhereAMissingCameraShowsHalfOfIt()
    {
        // The four cells below observed cell (0, 0) are 0, 1, 4 and 5; each is seen by nobody, by camera 0 low, by camera 0 high or by camera 1.
        int[] block = [0, 1, 4, 5];
        for (var ways = 0; ways < 256; ways++)
        {
            var valid = new float[2 * 2 * Cells];
            var byFirst = 0;
            var byAny = 0;
            for (var i = 0; i < 4; i++)
            {
                var way = (ways >> (2 * i)) & 3;
                byFirst += way is 1 or 2 ? 1 : 0;
                byAny += way > 0 ? 1 : 0;
                if (way > 0)
                {
                    valid[((way - 1) * Cells) + block[i]] = 1; // camera 0 low, camera 0 high, camera 1 low
                }
            }

            var sight = new SightMap(Manifest, valid);
            var shown = byAny >= 2; // with every camera; a cell that is never shown counts as known
            Assert.Equal((shown, true), Known(sight, [1, 1]));
            Assert.Equal((byFirst >= 2, byFirst >= 2 || !shown), Known(sight, [1, 0]));
            Assert.Equal((false, !shown), Known(sight, [0, 0]));
        }
    }

    [Theory]
    [InlineData(0, 0, 0, new[] { false, true, true, true })]
    [InlineData(4, 0, 0, new[] { true, true, true, true })]     // driven a cell ahead: the cell now behind (0, 0) has left the map, the row ahead lay outside then
    [InlineData(-4, 0, 0, new[] { true, true, false, true })]   // the place of (0, 0) then is (1, 0) now
    [InlineData(0, -4, 0, new[] { true, false, true, true })]
    [InlineData(0, 0, Math.PI, new[] { true, true, true, false })]
    [InlineData(9, 0, 0, new[] { true, true, true, true })]
    public void Intersect_PlaceUnknownThen_IsLeftOutWhereItIsNow(double x, double y, double yaw, bool[] expected)
    {
        var both = new bool[4];
        new SightMap(Manifest, new float[2 * 2 * Cells]).Intersect([true, true, true, true], [false, true, true, true], new Pose2((float)x, (float)y, (float)yaw), both);
        Assert.Equal(expected, both);
    }

    [Fact]
    public void Intersect_CellUnknownNow_IsLeftOut()
    {
        var both = new bool[4];
        new SightMap(Manifest, new float[2 * 2 * Cells]).Intersect([true, true, false, true], [true, true, true, true], default, both);
        Assert.Equal([true, true, false, true], both);
    }

    /// <summary>Whether anything is in sight, and whether cell (0, 0) is known; the other three, which no camera shows, always are.</summary>
    private static (bool Any, bool First) Known(SightMap sight, float[] mask)
    {
        var known = new bool[4];
        var any = sight.Fill(mask, known);
        Assert.Equal([true, true, true], known[1..]);
        return (any, known[0]);
    }
}
