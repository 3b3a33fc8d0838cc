using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.OpenCv;

public sealed class PicturePreparerTests
{
    [Theory]
    [InlineData(128, 64)] // by two: as training does
    [InlineData(256, 128)] // as it is
    [InlineData(32, 16)] // by eight, through halves
    public void Prepare_WholeFactor_AveragesSquares(int width, int height)
    {
        var source = PictureMaker.Slope(256, 128);
        var model = new byte[width * height * 3];
        using var preparer = new PicturePreparer(TestRig.Camera("front"), width, height);

        preparer.Prepare(source, model);

        var k = 256 / width;
        for (var at = 0; at < model.Length; at++)
        {
            var (y, x, c) = (at / 3 / width, at / 3 % width, at % 3);
            double sum = 0;
            for (var i = 0; i < k * k; i++)
            {
                sum += source[(((((y * k) + (i / k)) * 256) + (x * k) + (i % k)) * 3) + c];
            }

            Assert.InRange(model[at], (sum / k / k) - 1, (sum / k / k) + 1);
        }
    }

    [Theory]
    [InlineData(DistortionModel.Brown, new[] { -0.2, 0.05, 0.002, -0.001, 0.01 })]
    [InlineData(DistortionModel.Fisheye, new[] { 0.05, -0.01, 0.002, 0.0 })]
    [InlineData(DistortionModel.None, new double[0])]
    public void Prepare_Lens_AgreesWithTheFormula(DistortionModel model, double[] coefficients)
    {
        var camera = Lensed(model, coefficients) with { WidthPx = 97 }; // a width that does not divide
        var source = Gentle(97, 64);
        var prepared = new byte[24 * 8 * 3];
        using var preparer = new PicturePreparer(camera, 24, 8);

        preparer.Prepare(source, prepared);

        for (var at = 0; at < prepared.Length; at += 3)
        {
            var (y, x) = (at / 3 / 24, at / 3 % 24);
            Assert.InRange(prepared[at], Expected(camera, preparer.Picture, x, y) - 2, Expected(camera, preparer.Picture, x, y) + 2);
        }
    }

    // Every third row and sixth column of what python3-opencv 4.6 makes by the contract's steps from the same picture.
    [Theory]
    [InlineData(DistortionModel.Brown, new[] { -0.2, 0.05, 0.002, -0.001, 0.01 }, new[]
    {
        29, 74, 204, 70, 71, 183, 116, 70, 160, 163, 72, 137, 39, 107, 210, 81, 106, 189, 128, 106, 166, 175, 106, 142, 51, 140, 215, 93, 141, 195, 140, 142, 171, 186, 141, 148,
    })]
    [InlineData(DistortionModel.Fisheye, new[] { 0.05, -0.01, 0.002, 0.0 }, new[]
    {
        31, 75, 203, 70, 72, 183, 116, 71, 160, 162, 72, 137, 42, 107, 209, 81, 106, 189, 128, 106, 166, 174, 106, 142, 53, 139, 214, 93, 141, 195, 140, 142, 171, 185, 141, 148,
    })]
    public void Prepare_Lens_AgreesWithPythonsOpenCv(DistortionModel model, double[] coefficients, int[] expected)
    {
        var prepared = new byte[24 * 8 * 3];
        using var preparer = new PicturePreparer(Lensed(model, coefficients), 24, 8);

        preparer.Prepare(PictureMaker.Slope(96, 64), prepared);

        var i = 0;
        for (var y = 0; y < 8; y += 3)
        {
            for (var x = 0; x < 24; x += 6)
            {
                for (var c = 0; c < 3; c++, i++)
                {
                    Assert.InRange(prepared[(((y * 24) + x) * 3) + c], expected[i] - 1, expected[i] + 1);
                }
            }
        }
    }

    [Fact]
    public void Prepare_SourceTooFlat_IsBlackOutside()
    {
        var camera = TestRig.Camera("front") with { HeightPx = 96, Intrinsics = new Intrinsics(182, 182, 127.5, 47.5) };
        var model = new byte[128 * 64 * 3];
        Array.Fill(model, (byte)77);
        using var preparer = new PicturePreparer(camera, 128, 64);

        preparer.Prepare(PictureMaker.Flat(256, 96, 200), model);

        Assert.All(model[..(8 * 128 * 3)], level => Assert.Equal(0, level));
        Assert.All(model[(8 * 128 * 3)..(56 * 128 * 3)], level => Assert.Equal(200, level));
        Assert.All(model[(56 * 128 * 3)..], level => Assert.Equal(0, level));
    }

    [Fact]
    public void Prepare_FlatPicture_MeasuresIt()
    {
        using var preparer = new PicturePreparer(TestRig.Camera("front"), 128, 64);

        var content = preparer.Prepare(PictureMaker.Flat(256, 128, 90), new byte[128 * 64 * 3]);

        Assert.Equal((90f, 0f), (content.MeanLevel, content.SpreadLevel));
    }

    [Fact]
    public void Prepare_WrongLength_Throws()
    {
        using var preparer = new PicturePreparer(TestRig.Camera("front"), 128, 64);

        Assert.Throws<ArgumentOutOfRangeException>(() => preparer.Prepare(new byte[5], new byte[128 * 64 * 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => preparer.Prepare(new byte[256 * 128 * 3], new byte[5]));
    }

    private static CameraCalibration Lensed(DistortionModel model, double[] coefficients) => TestRig.Camera("front") with
    {
        WidthPx = 96,
        HeightPx = 64,
        Intrinsics = new Intrinsics(70, 71, 47, 30),
        Distortion = new Distortion(model, coefficients),
    };

    // Level 10 + 1.5 x + y in every channel: linear, so that areas and bilinear look-ups leave it as it is.
    private static byte[] Gentle(int width, int height)
    {
        var picture = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            picture.AsSpan(i * 3, 3).Fill((byte)Math.Round(10 + (1.5 * (i % width)) + (i / width)));
        }

        return picture;
    }

    // Of a linear picture the mean over the model's pixel is nearly its value under the pixel's centre.
    private static double Expected(CameraCalibration camera, ModelPicture picture, int x, int y)
    {
        var ideal = picture.Intrinsics;
        var (bentX, bentY) = Lens.Distort(camera.Distortion, (x - ideal.Cx) / ideal.Fx, (y - ideal.Cy) / ideal.Fy);
        var u = (camera.Intrinsics.Fx * bentX) + camera.Intrinsics.Cx;
        var v = (camera.Intrinsics.Fy * bentY) + camera.Intrinsics.Cy;
        return 10 + (1.5 * u) + v;
    }
}
