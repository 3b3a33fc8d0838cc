using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;

namespace Forecast.Benchmarks;

/// <summary>Pictures of 1280x720 to decode: a sample drive's own, enlarged bilinearly, with noise as a sensor has it, as JPEG of quality 90.</summary>
public static class StreetPictures
{
    public const int WidthPx = 1280;
    public const int HeightPx = 720;
    private const int Quality = 90;
    private const int NoiseLevels = 6;

    /// <param name="small">A source whose prepared pictures are enlarged.</param>
    public static List<byte[]> Encode(IFrameSource small, int smallWidthPx, int smallHeightPx, int count, int seed)
    {
        var random = new Random(seed);
        var picture = new byte[smallWidthPx * smallHeightPx * 3];
        var large = new byte[WidthPx * HeightPx * 3];
        var jpeg = new byte[PictureCodec.JpegCapacity(WidthPx, HeightPx)];
        var pictures = new List<byte[]>();
        while (pictures.Count < count && small.Grab().Status == GrabStatus.Frame)
        {
            small.Prepare(picture);
            Enlarge(picture, smallWidthPx, smallHeightPx, large, random);
            var length = PictureCodec.EncodeJpeg(large, WidthPx, HeightPx, Quality, jpeg);
            pictures.Add(jpeg[..length]);
        }

        return pictures;
    }

    private static void Enlarge(byte[] small, int width, int height, byte[] large, Random random)
    {
        for (var y = 0; y < HeightPx; y++)
        {
            var v = Math.Min((y + 0.5) * height / HeightPx, height - 1.001);
            var top = (int)v;
            for (var x = 0; x < WidthPx; x++)
            {
                var u = Math.Min((x + 0.5) * width / WidthPx, width - 1.001);
                var left = (int)u;
                for (var channel = 0; channel < 3; channel++)
                {
                    double At(int row, int column) => small[(((row * width) + column) * 3) + channel];
                    var upper = At(top, left) + ((At(top, left + 1) - At(top, left)) * (u - left));
                    var lower = At(top + 1, left) + ((At(top + 1, left + 1) - At(top + 1, left)) * (u - left));
                    var value = upper + ((lower - upper) * (v - top)) + random.Next(-NoiseLevels, NoiseLevels + 1);
                    large[(((y * WidthPx) + x) * 3) + channel] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }
    }
}
