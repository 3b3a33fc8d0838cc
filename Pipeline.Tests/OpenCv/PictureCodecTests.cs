using Forecast.Adapters.OpenCv;

namespace Forecast.Pipeline.Tests.OpenCv;

public sealed class PictureCodecTests
{
    private readonly byte[] _into = new byte[64 * 32 * 3];

    [Fact]
    public void Version_IsDebians() => Assert.StartsWith("4.", OpenCvLibrary.Version, StringComparison.Ordinal);

    [Fact]
    public void TryDecode_OwnJpeg_ComesBackNearlyTheSame()
    {
        var picture = PictureMaker.Flat(64, 32, 120);

        Assert.True(PictureCodec.TryDecode(PictureMaker.Jpeg(picture, 64, 32), _into, 64, 32, out var problem), problem);
        Assert.All(_into, level => Assert.InRange(level, 118, 122));
    }

    [Fact]
    public void TryDecode_CutShort_SaysSo()
    {
        var jpeg = PictureMaker.Jpeg(PictureMaker.Slope(64, 32), 64, 32);

        Assert.False(PictureCodec.TryDecode(jpeg.AsSpan(0, jpeg.Length / 2), _into, 64, 32, out var problem));
        Assert.Contains("cut short", problem);
    }

    [Fact]
    public void TryDecode_Garbage_SaysSo()
    {
        Assert.False(PictureCodec.TryDecode("no picture at all, just words"u8, _into, 64, 32, out var problem));
        Assert.Contains("no JPEG", problem);
        Assert.False(PictureCodec.TryDecode([], _into, 64, 32, out _));
    }

    [Fact]
    public void TryDecode_AnotherSize_SaysBoth()
    {
        Assert.False(PictureCodec.TryDecode(PictureMaker.Jpeg(PictureMaker.Flat(48, 32, 9), 48, 32), _into, 64, 32, out var problem));
        Assert.Contains("48x32", problem);
        Assert.Contains("64x32", problem);
    }

    [Fact]
    public void EncodeJpeg_BufferTooSmall_Throws() =>
        Assert.Throws<ArgumentException>(() => PictureCodec.EncodeJpeg(PictureMaker.Slope(64, 32), 64, 32, 90, new byte[20]));
}
