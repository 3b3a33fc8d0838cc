using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// In which order a rig's cameras are worth having when there is no time for all: by how much each sees of where the vehicle is going, which is the cells
/// within 45 degrees of straight ahead; among equals, of everything. By the calibration, at the start. Cameras that see as much, to a tenth, take turns: else one
/// of a pair that looks left and right would never be seen, and of cameras that are all alike, half.
/// </summary>
public sealed class CameraOrder
{
    private const double AsMuch = 0.1;

    private readonly int[] _cameras;
    private readonly int[] _ends; // of each group of equals, in places

    private CameraOrder(int[] cameras, int[] ends)
    {
        _cameras = cameras;
        _ends = ends;
    }

    /// <summary>The cameras' numbers, the one to keep longest first.</summary>
    public ReadOnlySpan<int> Cameras => _cameras;

    /// <param name="liftValid">[C, Z, X, Y], 1 where the camera sees the point.</param>
    public static CameraOrder MostInformativeFirst(ModelManifest manifest, ReadOnlySpan<float> liftValid, int cameras)
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

        int[] order = [.. Enumerable.Range(0, cameras).OrderByDescending(camera => ahead[camera]).ThenByDescending(camera => anywhere[camera])];
        var ends = new List<int>();
        var first = 0;
        for (var place = 1; place <= cameras; place++)
        {
            if (place == cameras || !Alike(ahead[order[first]], ahead[order[place]]) || !Alike(anywhere[order[first]], anywhere[order[place]]))
            {
                ends.Add(place);
                first = place;
            }
        }

        return new CameraOrder(order, [.. ends]);
    }

    /// <summary>Of equals, those that this set left out come first in the next.</summary>
    public void TakeTurns(FrameSet set)
    {
        var first = 0;
        foreach (var end in _ends)
        {
            var equals = _cameras.AsSpan(first, end - first);
            var kept = equals.Length;
            while (kept > 0 && set.Use(equals[kept - 1]).Missing == Publishing.MissingReason.Shed)
            {
                kept--;
            }

            // a rotation by three reversals: those left out are the last
            equals[..kept].Reverse();
            equals[kept..].Reverse();
            equals.Reverse();
            first = end;
        }
    }

    private static bool Alike(int most, int other) => Math.Abs(most - other) <= most * AsMuch;

    private static bool IsAhead(OccupancyGrid grid, int point)
    {
        var cell = point % (grid.SizeX * grid.SizeY);
        var x = grid.OriginX + (((cell / grid.SizeY) + 0.5) * grid.ResolutionM);
        var y = grid.OriginY + (((cell % grid.SizeY) + 0.5) * grid.ResolutionM);
        return x > 0 && Math.Abs(y) <= x;
    }
}
