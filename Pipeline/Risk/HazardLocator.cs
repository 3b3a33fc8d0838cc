using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// Where the hazard is: the most occupied cell near the ego's outline at the horizon at which manoeuvre 0's risk grows most, its
/// bearing from the ego of then, and the camera that sees that place best now.
/// </summary>
public sealed class HazardLocator(ModelManifest manifest, Rig rig)
{
    /// <summary>Below this probability within the last horizon there is nothing to point at.</summary>
    private const float LeastProbability = 0.05f;

    private const double MarginM = 3;

    private readonly double[] _cameraYaw = [.. rig.Cameras.Select(YawOf)];

    public void Locate(SceneForecast forecast)
    {
        var horizons = forecast.Horizons;
        forecast.Sector = Sector.None;
        forecast.HazardCamera = -1;
        if (forecast.Probability[horizons - 1] < LeastProbability)
        {
            return;
        }

        var step = SteepestStep(forecast.Probability.AsSpan(0, horizons));
        var ego = forecast.EgoPath[step];
        if (MostOccupied(forecast, step, ego) is not { } cell)
        {
            return;
        }

        var bearing = Math.Atan2(cell.Y - ego.Y, cell.X - ego.X) - ego.Yaw;
        forecast.Sector = SectorOf(Wrap(bearing));
        forecast.HazardCamera = BestCamera(forecast, Math.Atan2(cell.Y, cell.X));
    }

    private static int SteepestStep(ReadOnlySpan<float> probability)
    {
        var best = 0;
        for (var k = 1; k < probability.Length; k++)
        {
            var grown = probability[k] - probability[k - 1];
            var mostGrown = best == 0 ? probability[0] : probability[best] - probability[best - 1];
            best = grown > mostGrown ? k : best;
        }

        return best;
    }

    private (double X, double Y)? MostOccupied(SceneForecast forecast, int step, Pose2 ego)
    {
        var grid = manifest.Grid;
        var cells = grid.SizeX * grid.SizeY;
        var classes = manifest.OccupancyClasses.Count;
        var layers = forecast.Occupancy.AsSpan((step + 1) * classes * cells, classes * cells);
        var front = rig.Vehicle.LengthM - rig.Vehicle.RearOverhangM + MarginM;
        var back = -rig.Vehicle.RearOverhangM - MarginM;
        var side = (rig.Vehicle.WidthM / 2) + MarginM;
        var (sin, cos) = Math.SinCos(ego.Yaw);
        var best = 0;
        (double, double)? place = null;
        for (var i = 0; i < grid.SizeX; i++)
        {
            var x = grid.OriginX + ((i + 0.5) * grid.ResolutionM);
            for (var j = 0; j < grid.SizeY; j++)
            {
                var y = grid.OriginY + ((j + 0.5) * grid.ResolutionM);
                var forward = (cos * (x - ego.X)) + (sin * (y - ego.Y));
                var left = (cos * (y - ego.Y)) - (sin * (x - ego.X));
                if (forward < back || forward > front || Math.Abs(left) > side)
                {
                    continue;
                }

                for (var c = 0; c < classes; c++)
                {
                    var value = layers[(c * cells) + (i * grid.SizeY) + j];
                    if (value > best)
                    {
                        best = value;
                        place = (x, y);
                    }
                }
            }
        }

        return place;
    }

    private int BestCamera(SceneForecast forecast, double bearing)
    {
        var best = -1;
        var least = Math.PI / 2;
        for (var camera = 0; camera < _cameraYaw.Length; camera++)
        {
            var off = Math.Abs(Wrap(bearing - _cameraYaw[camera]));
            if (forecast.Cameras[camera].Used && off < least)
            {
                least = off;
                best = camera;
            }
        }

        return best;
    }

    private static Sector SectorOf(double bearing) => (int)Math.Round(bearing / (Math.PI / 4)) switch
    {
        0 => Sector.Front,
        1 => Sector.FrontLeft,
        2 => Sector.Left,
        3 => Sector.RearLeft,
        -1 => Sector.FrontRight,
        -2 => Sector.Right,
        -3 => Sector.RearRight,
        _ => Sector.Rear,
    };

    /// <summary>The heading of the optical axis (camera z) in the vehicle frame.</summary>
    private static double YawOf(CameraCalibration camera)
    {
        var q = camera.VehicleFromCamera;
        var x = 2 * ((q.Qx * q.Qz) + (q.Qw * q.Qy));
        var y = 2 * ((q.Qy * q.Qz) - (q.Qw * q.Qx));
        return Math.Atan2(y, x);
    }

    private static double Wrap(double angle) => Math.IEEERemainder(angle, 2 * Math.PI);
}
