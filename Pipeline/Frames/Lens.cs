namespace Forecast.Pipeline.Frames;

/// <summary>
/// Where a lens puts a ray: normalised pinhole coordinates (x/z, y/z) to distorted ones. Brown as in OpenCV's calibration documentation
/// (k1 k2 p1 p2 k3), fisheye as the Kannala-Brandt polynomial of the angle (k1 to k4).
/// </summary>
public static class Lens
{
    public static (double X, double Y) Distort(Distortion distortion, double x, double y) => distortion.Model switch
    {
        DistortionModel.Brown => Brown(distortion.Coefficients, x, y),
        DistortionModel.Fisheye => Fisheye(distortion.Coefficients, x, y),
        _ => (x, y),
    };

    private static (double X, double Y) Brown(IReadOnlyList<double> k, double x, double y)
    {
        var r2 = (x * x) + (y * y);
        var radial = 1 + (r2 * (At(k, 0) + (r2 * (At(k, 1) + (r2 * At(k, 4))))));
        double p1 = At(k, 2), p2 = At(k, 3);
        return ((x * radial) + (2 * p1 * x * y) + (p2 * (r2 + (2 * x * x))),
                (y * radial) + (p1 * (r2 + (2 * y * y))) + (2 * p2 * x * y));
    }

    private static (double X, double Y) Fisheye(IReadOnlyList<double> k, double x, double y)
    {
        var r = Math.Sqrt((x * x) + (y * y));
        if (r < 1e-12)
        {
            return (x, y);
        }

        var angle = Math.Atan(r);
        var a2 = angle * angle;
        var bent = angle * (1 + (a2 * (At(k, 0) + (a2 * (At(k, 1) + (a2 * (At(k, 2) + (a2 * At(k, 3)))))))));
        return (x * bent / r, y * bent / r);
    }

    private static double At(IReadOnlyList<double> values, int index) => index < values.Count ? values[index] : 0;
}
