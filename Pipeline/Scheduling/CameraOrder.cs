using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// In which order a rig's cameras are worth having when there is no time for all: by how much each sees of where the vehicle is going, which is the cells
/// within 45 degrees of straight ahead; among equals, of everything; among those, as the rig lists them. Fixed by the calibration, at the start.
/// </summary>
public static class CameraOrder
{
    /// <param name="liftValid">[C, Z, X, Y], 1 where the camera sees the point.</param>
    /// <returns>The cameras' numbers, the most informative first.</returns>
    public static int[] MostInformativeFirst(ModelManifest manifest, ReadOnlySpan<float> liftValid, int cameras)
    {
        var ahead = new int[cameras];
        var anywhere = new int[cameras];
        var grid = manifest.Grid;
        var points = manifest.LiftHeightsM.Count * grid.SizeX * grid.SizeY;
        for (var camera = 0; camera < cameras; camera++)
        {
            for (var point = 0; point < points; point++)
            {
                if (liftValid[(camera * points) + point] > 0)
                {
                    anywhere[camera]++;
                    ahead[camera] += IsAhead(grid, point) ? 1 : 0;
                }
            }
        }

        return [.. Enumerable.Range(0, cameras).OrderByDescending(camera => ahead[camera]).ThenByDescending(camera => anywhere[camera])];
    }

    private static bool IsAhead(OccupancyGrid grid, int point)
    {
        var cell = point % (grid.SizeX * grid.SizeY);
        var x = grid.OriginX + (((cell / grid.SizeY) + 0.5) * grid.ResolutionM);
        var y = grid.OriginY + (((cell % grid.SizeY) + 0.5) * grid.ResolutionM);
        return x > 0 && Math.Abs(y) <= x;
    }
}
