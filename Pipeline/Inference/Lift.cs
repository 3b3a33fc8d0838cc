using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Inference;

/// <summary>
/// Where every bird's-eye cell falls in every camera's model picture, computed once for a rig. Coordinates are those of grid_sample with
/// align_corners=false: -1 and 1 are the outer edges of the outermost pixels, x = u to the right, y = v down.
/// </summary>
public static class Lift
{
    /// <summary>A point nearer to the camera's plane than this is not seen.</summary>
    public const double LeastDepthM = 0.5;

    private const float Behind = -2; // outside of any picture
    private const double Farthest = 50; // keeps points beside the camera finite and small

    /// <param name="lift">[C, Z, X, Y, 2], written whole.</param>
    /// <param name="valid">[C, Z, X, Y], 1 where the point is in front of the camera and inside the rows and columns that show something.</param>
    /// <exception cref="ArgumentException">A span has another length than rig and manifest give.</exception>
    public static void Fill(Rig rig, ModelManifest manifest, Span<float> lift, Span<float> valid)
    {
        var grid = manifest.Grid;
        var points = manifest.LiftHeightsM.Count * grid.SizeX * grid.SizeY;
        if (valid.Length != rig.Cameras.Count * points || lift.Length != 2 * valid.Length)
        {
            throw new ArgumentException(
                $"The lift of {rig.Cameras.Count} cameras has {rig.Cameras.Count * points} points, not {valid.Length} (and {lift.Length} / 2).");
        }

        for (var camera = 0; camera < rig.Cameras.Count; camera++)
        {
            var picture = ModelPicture.Of(rig.Cameras[camera], manifest.InputWidthPx, manifest.InputHeightPx);
            FillCamera(
                rig.Cameras[camera], picture, manifest, lift.Slice(camera * points * 2, points * 2), valid.Slice(camera * points, points));
        }
    }

    private static void FillCamera(CameraCalibration camera, ModelPicture picture, ModelManifest manifest, Span<float> lift, Span<float> valid)
    {
        var grid = manifest.Grid;
        var pose = new VehicleFromCamera(camera.VehicleFromCamera);
        var point = 0;
        foreach (var height in manifest.LiftHeightsM)
        {
            for (var i = 0; i < grid.SizeX; i++)
            {
                var x = grid.OriginX + ((i + 0.5) * grid.ResolutionM);
                for (var j = 0; j < grid.SizeY; j++, point++)
                {
                    var y = grid.OriginY + ((j + 0.5) * grid.ResolutionM);
                    valid[point] = Place(camera, picture, pose.ToCamera(x, y, height), lift.Slice(point * 2, 2)) ? 1 : 0;
                }
            }
        }
    }

    private static bool Place(CameraCalibration camera, ModelPicture picture, (double Right, double Down, double Depth) point, Span<float> at)
    {
        if (point.Depth <= LeastDepthM)
        {
            at.Fill(Behind);
            return false;
        }

        var (x, y) = (point.Right / point.Depth, point.Down / point.Depth);
        var u = (picture.Intrinsics.Fx * x) + picture.Intrinsics.Cx;
        var v = (picture.Intrinsics.Fy * y) + picture.Intrinsics.Cy;
        at[0] = (float)Math.Clamp(((u + 0.5) / picture.WidthPx * 2) - 1, -Farthest, Farthest);
        at[1] = (float)Math.Clamp(((v + 0.5) / picture.HeightPx * 2) - 1, -Farthest, Farthest);
        return u + 0.5 >= 0 && u + 0.5 <= picture.WidthPx && v + 0.5 >= picture.FirstRow && v + 0.5 <= picture.EndRow
            && (camera.Distortion.Model == DistortionModel.None || InSource(camera, x, y));
    }

    private static bool InSource(CameraCalibration camera, double x, double y)
    {
        var (bentX, bentY) = Lens.Distort(camera.Distortion, x, y);
        var u = (camera.Intrinsics.Fx * bentX) + camera.Intrinsics.Cx + 0.5;
        var v = (camera.Intrinsics.Fy * bentY) + camera.Intrinsics.Cy + 0.5;
        return u >= 0 && u <= camera.WidthPx && v >= 0 && v <= camera.HeightPx;
    }
}
