using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Frames;

public sealed class PictureMeasureTests
{
    [Fact]
    public void Of_HalfBlackHalfGrey_GivesMeanAndSpread()
    {
        var picture = new byte[8 * 4 * 3];
        picture.AsSpan(0, 48).Fill(100);

        var content = PictureMeasure.Of(picture);

        Assert.Equal((50f, 50f), (content.MeanLevel, content.SpreadLevel));
    }

    [Fact]
    public void Of_OneBitAnywhere_ChangesTheFingerprint()
    {
        var picture = new byte[(5 * 3 * 3) + 4]; // not a whole number of words
        var seen = new HashSet<ulong> { PictureMeasure.Of(picture).Fingerprint };
        for (var bit = 0; bit < picture.Length * 8; bit++)
        {
            picture[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(PictureMeasure.Of(picture).Fingerprint), $"bit {bit}");
            picture[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Contains(PictureMeasure.Of(picture).Fingerprint, seen);
    }

    [Fact]
    public void Of_TwoPixelsExchanged_ChangesTheFingerprint()
    {
        var a = new byte[128 * 64 * 3];
        var b = new byte[128 * 64 * 3];
        (a[0], b[24 * 500]) = (9, 9);

        Assert.NotEqual(PictureMeasure.Of(a).Fingerprint, PictureMeasure.Of(b).Fingerprint);
    }

    [Fact]
    public void Of_Empty_IsZero() => Assert.Equal((0f, 0f), (PictureMeasure.Of([]).MeanLevel, PictureMeasure.Of([]).SpreadLevel));
}
