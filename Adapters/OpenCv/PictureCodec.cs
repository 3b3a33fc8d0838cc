namespace Forecast.Adapters.OpenCv;

/// <summary>JPEG and PNG in memory, checked for signature and end before they are decoded. Nothing is allocated on the managed side.</summary>
public static unsafe class PictureCodec
{
    /// <summary>Bytes that a JPEG of this size always fits in.</summary>
    public static int JpegCapacity(int widthPx, int heightPx) => (widthPx * heightPx * 3) + 4096;

    /// <param name="bgr">uint8 [height, width, 3].</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">It does not fit: give <see cref="JpegCapacity"/>.</exception>
    public static int EncodeJpeg(ReadOnlySpan<byte> bgr, int widthPx, int heightPx, int quality, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bgr.Length, widthPx * heightPx * 3);
        fixed (byte* from = bgr, to = into)
        {
            return OpenCvLibrary.EncodeJpeg(from, widthPx, heightPx, quality, to, into.Length, out var length) switch
            {
                CvCode.Ok => length,
                CvCode.TooSmall => throw new ArgumentException($"The JPEG has {length} bytes and the buffer {into.Length}."),
                var code => throw new InvalidOperationException($"OpenCV could not encode a {widthPx}x{heightPx} picture ({code})."),
            };
        }
    }

    /// <param name="into">uint8 [height, width, 3]; in an unknown state after anything but true.</param>
    /// <param name="problem">What is wrong with the bytes; empty when they were decoded.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> into, int widthPx, int heightPx, out string problem)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(into.Length, widthPx * heightPx * 3);
        fixed (byte* from = encoded, to = into)
        {
            var code = OpenCvLibrary.Decode(from, encoded.Length, to, widthPx, heightPx, out var gotWidth, out var gotHeight);
            problem = code == CvCode.Ok ? "" : Faults.Of(code, widthPx, heightPx, gotWidth, gotHeight);
            return code == CvCode.Ok;
        }
    }
}

/// <summary>The shim's codes in words.</summary>
internal static class Faults
{
    public static string Of(CvCode code, int width, int height, int gotWidth, int gotHeight) => code switch
    {
        CvCode.WrongSize => $"the picture is {gotWidth}x{gotHeight} and the rig says {width}x{height}",
        CvCode.NotAPicture => "no JPEG or PNG, or it could not be decoded",
        CvCode.CutShort => "the picture is cut short",
        CvCode.NoSuchFile => "the picture file is missing",
        _ => $"OpenCV could not read the picture ({code})",
    };
}
