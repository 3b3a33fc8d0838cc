using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Frames;

public sealed class ModelPictureTests
{
    [Fact]
    public void Of_HalfOfTheSource_KeepsPixelCentres()
    {
        var picture = ModelPicture.Of(TestRig.Camera("front"), 128, 64);

        // (128 + 0.5) / 2 - 0.5 = 63.75
        Assert.Equal(new Intrinsics(91, 91, 63.75, 31.75), picture.Intrinsics);
        Assert.Equal((2, 0, 0, 64), (picture.AreaFactor, picture.Top, picture.FirstRow, picture.EndRow));
    }

    [Fact]
    public void Of_TallSource_KeepsTheRowsRoundThePrincipalPoint()
    {
        var picture = ModelPicture.Of(Camera(1280, 720, cy: 400), 128, 64);

        // 640 of 720 rows round row 400: from 80, clamped to the picture's end
        Assert.Equal((10, 80, 0, 64), (picture.AreaFactor, picture.Top, picture.FirstRow, picture.EndRow));
        Assert.Equal(((400 - 80 + 0.5) * 0.1) - 0.5, picture.Intrinsics.Cy, 9);
    }

    [Fact]
    public void Of_PrincipalPointFarDown_StaysInsideThePicture() => Assert.Equal(80, ModelPicture.Of(Camera(1280, 720, cy: 700), 128, 64).Top);

    [Fact]
    public void Of_SourceTooFlat_MarksRowsThatShowNothing()
    {
        // 128 rows are wanted and 96 there, round row 47.5: 16 are missing above and below, 8 of the model's
        var picture = ModelPicture.Of(Camera(256, 96, cy: 47.5), 128, 64);

        Assert.Equal((-16, 8, 56), (picture.Top, picture.FirstRow, picture.EndRow));
        Assert.Equal(((47.5 + 16.5) / 2) - 0.5, picture.Intrinsics.Cy, 9);
    }

    [Fact]
    public void Of_WidthThatDoesNotDivideOrLens_IsMapped()
    {
        Assert.Equal(0, ModelPicture.Of(Camera(960, 540, cy: 270), 128, 64).AreaFactor);
        var bent = TestRig.Camera("front") with { Distortion = new Distortion(DistortionModel.Brown, [0.1, 0, 0, 0, 0]) };
        Assert.Equal(0, ModelPicture.Of(bent, 128, 64).AreaFactor);
    }

    private static CameraCalibration Camera(int width, int height, double cy) =>
        TestRig.Camera("front") with { WidthPx = width, HeightPx = height, Intrinsics = new Intrinsics(900, 900, (width / 2.0) - 0.5, cy) };
}
