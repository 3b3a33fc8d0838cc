namespace Forecast.Pipeline.Frames;

/// <summary>
/// How one camera's picture becomes the model's: scaled so that the widths agree, and a strip of rows round the principal point kept.
/// Pixel centres are at whole numbers, so a source pixel u lies at (u + 0.5) x Scale - 0.5 of the model picture.
/// </summary>
/// <param name="Scale">Model pixels for each source pixel.</param>
/// <param name="Top">The source row at the upper edge of the model picture; negative where the source is too flat.</param>
/// <param name="FirstRow">Model rows [FirstRow, EndRow) show the source; the others are black and nobody sees there.</param>
/// <param name="Intrinsics">Of the model picture: an ideal pinhole camera.</param>
/// <param name="AreaFactor">Source pixels for each model pixel where that is a whole number and the lens is ideal, else 0: then the
/// picture is mapped to twice the model's size first.</param>
public sealed record ModelPicture(
    int WidthPx, int HeightPx, double Scale, int Top, int FirstRow, int EndRow, Intrinsics Intrinsics, int AreaFactor)
{
    public static ModelPicture Of(CameraCalibration camera, int widthPx, int heightPx)
    {
        var scale = (double)widthPx / camera.WidthPx;
        var rows = heightPx / scale;
        var slack = camera.HeightPx - rows;
        var centred = Math.Round(camera.Intrinsics.Cy + 0.5 - (rows / 2), MidpointRounding.AwayFromZero);
        var top = (int)Math.Clamp(centred, Math.Ceiling(Math.Min(slack, 0)), Math.Floor(Math.Max(slack, 0)));
        var lens = camera.Intrinsics;
        var intrinsics = new Intrinsics(
            lens.Fx * scale,
            lens.Fy * scale,
            ((lens.Cx + 0.5) * scale) - 0.5,
            ((lens.Cy - top + 0.5) * scale) - 0.5);
        var whole = camera.WidthPx % widthPx == 0 && camera.Distortion.Model == DistortionModel.None;
        const double rounding = 1e-9;
        return new ModelPicture(
            widthPx,
            heightPx,
            scale,
            top,
            FirstRow: (int)Math.Ceiling(Math.Max(0, -top * scale) - rounding),
            EndRow: (int)Math.Floor(Math.Min(heightPx, (camera.HeightPx - top) * scale) + rounding),
            intrinsics,
            AreaFactor: whole ? camera.WidthPx / widthPx : 0);
    }
}
