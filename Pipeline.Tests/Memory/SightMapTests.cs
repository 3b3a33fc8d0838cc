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
    public void Fill_EveryWayToSeeABlock_NeedsHalfOfItsCells()
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
            Assert.Equal([byAny >= 2, false, false, false], Seen(sight, [1, 1]));
            Assert.Equal([byFirst >= 2, false, false, false], Seen(sight, [1, 0]));
            Assert.Equal([false, false, false, false], Seen(sight, [0, 0]));
        }
    }

    [Theory]
    [InlineData(0, 0, 0, new[] { true, true, true, true })]
    [InlineData(4, 0, 0, new[] { true, true, false, false })]   // driven a cell ahead: the row ahead was outside of the map then
    [InlineData(-4, 0, 0, new[] { false, false, true, true })]
    [InlineData(0, 4, 0, new[] { true, false, true, false })]   // a cell to the left
    [InlineData(0, 0, Math.PI, new[] { true, true, true, true })]
    [InlineData(9, 0, 0, new[] { false, false, false, false })]
    public void Intersect_EgoMoved_LeavesOutWhatLayOutsideOfTheMapThen(double x, double y, double yaw, bool[] expected)
    {
        var both = new bool[4];
        new SightMap(Manifest, new float[2 * 2 * Cells]).Intersect([true, true, true, true], [true, true, true, true], new Pose2((float)x, (float)y, (float)yaw), both);
        Assert.Equal(expected, both);
    }

    [Fact]
    public void Intersect_PlaceHiddenThen_IsLeftOutNow()
    {
        // Half a turn: now's cell (0, 0) behind to the right was (1, 1) ahead to the left.
        var both = new bool[4];
        new SightMap(Manifest, new float[2 * 2 * Cells]).Intersect([true, true, true, false], [true, true, true, false], new Pose2(0, 0, MathF.PI), both);
        Assert.Equal([false, true, true, false], both);
    }

    private static bool[] Seen(SightMap sight, float[] mask)
    {
        var seen = new bool[4];
        sight.Fill(mask, seen);
        return seen;
    }
}
