using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.OpenCv;

/// <summary>
/// Undistorts, crops and resizes one camera's pictures to the model's size, allocating nothing. A source much larger than the model's
/// picture is first averaged over squares of two, again and again, since a bilinear look-up aliases above a factor of two.
/// </summary>
public sealed unsafe class PicturePreparer : IDisposable
{
    private readonly PreparerHandle _handle;

    public PicturePreparer(CameraCalibration camera, int widthPx, int heightPx)
    {
        Camera = camera;
        Picture = ModelPicture.Of(camera, widthPx, heightPx);
        var area = Picture.AreaFactor;
        var halvings = area > 0 ? AreaHalvings(area, Picture.Top) : MapHalvings(camera, widthPx);
        var shrink = 1 << halvings;
        var lens = camera.Intrinsics;
        // A halved picture's pixel u shows the source's (u + 0.5) * 2 - 0.5.
        var source = stackalloc double[]
        {
            lens.Fx / shrink, lens.Fy / shrink, ((lens.Cx + 0.5) / shrink) - 0.5, ((lens.Cy + 0.5) / shrink) - 0.5,
        };
        var ideal = Picture.Intrinsics;
        var model = stackalloc double[] { ideal.Fx, ideal.Fy, ideal.Cx, ideal.Cy };
        var count = camera.Distortion.Model == DistortionModel.Fisheye ? 4 : 5;
        var coefficients = stackalloc double[count];
        for (var i = 0; i < count; i++)
        {
            coefficients[i] = i < camera.Distortion.Coefficients.Count ? camera.Distortion.Coefficients[i] : 0;
        }

        var code = OpenCvLibrary.PrepareOpen(
            camera.WidthPx, camera.HeightPx, widthPx, heightPx, halvings, area / shrink, Picture.Top / shrink, Picture.FirstRow, Picture.EndRow,
            source, model, (int)camera.Distortion.Model, coefficients, count, out _handle);
        if (code != CvCode.Ok)
        {
            _handle.Dispose();
            throw new InvalidOperationException($"Camera {camera.Name}: OpenCV could not build the maps from {camera.WidthPx}x{camera.HeightPx} to {widthPx}x{heightPx} ({code}).");
        }
    }

    public CameraCalibration Camera { get; }

    public ModelPicture Picture { get; }

    /// <param name="source">The camera's full picture, uint8 [height, width, 3].</param>
    /// <param name="modelPicture">uint8 [height, width, 3] of the model; written whole, black where the source has no rows.</param>
    public PictureContent Prepare(ReadOnlySpan<byte> source, Span<byte> modelPicture)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, Camera.WidthPx * Camera.HeightPx * 3);
        ArgumentOutOfRangeException.ThrowIfNotEqual(modelPicture.Length, Picture.WidthPx * Picture.HeightPx * 3);
        fixed (byte* from = source, into = modelPicture)
        {
            var code = OpenCvLibrary.Prepare(_handle, from, into);
            if (code != CvCode.Ok)
            {
                throw new InvalidOperationException($"Camera {Camera.Name}: OpenCV could not prepare a picture ({code}).");
            }
        }

        return PictureMeasure.Of(modelPicture);
    }

    public void Dispose() => _handle.Dispose();

    private static int AreaHalvings(int factor, int top)
    {
        var halvings = 0;
        for (; factor % 2 == 0 && factor > 2 && top % 2 == 0; factor /= 2, top /= 2)
        {
            halvings++;
        }

        return halvings;
    }

    // As long as a pixel has whole squares under it, and twice the model's width is left.
    private static int MapHalvings(CameraCalibration camera, int modelWidth)
    {
        var halvings = 0;
        for (var (width, height) = (camera.WidthPx, camera.HeightPx); width % 2 == 0 && height % 2 == 0 && width / 2 >= 2 * modelWidth; width /= 2, height /= 2)
        {
            halvings++;
        }

        return halvings;
    }
}
