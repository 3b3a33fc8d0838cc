using System.Buffers.Binary;
using Forecast.Adapters.OpenCv;

namespace Forecast.Adapters.Drives;

/// <summary>Looks at a video file before anything depends on it.</summary>
internal static class VideoFile
{
    /// <returns>Its size, rate and number of frames.</returns>
    /// <exception cref="UnusableInputException">Missing, cut short, or no video.</exception>
    public static VideoFacts Inspect(string path)
    {
        if (!File.Exists(path))
        {
            throw new UnusableInputException($"{path}: there is no such video");
        }

        if (CutShort(path) is { } problem)
        {
            throw new UnusableInputException($"{path}: {problem}: copy or record it again");
        }

        using var reader = Open(path);
        var facts = reader.Facts;
        if (facts.WidthPx <= 0 || facts.HeightPx <= 0 || reader.Grab(out _) != CvCode.Ok)
        {
            throw new UnusableInputException($"{path}: no picture in it can be decoded: it is damaged, or holds no video");
        }

        return facts;
    }

    public static VideoReader Open(string path) =>
        VideoReader.OpenFile(path) ?? throw new UnusableInputException($"{path}: no video that FFmpeg can read: it is damaged, or of another kind");

    /// <summary>Follows the outermost boxes of an MP4 or MOV file: each says how long it is, so a file cut short is found without decoding.</summary>
    private static string? CutShort(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> head = stackalloc byte[16];
        var (at, index) = (0L, false);
        if (file.Length == 0)
        {
            return "the file is empty";
        }

        while (at < file.Length)
        {
            file.Position = at;
            var got = file.ReadAtLeast(head, 16, throwOnEndOfStream: false);
            if (at == 0 && (got < 16 || !head[4..8].SequenceEqual("ftyp"u8)))
            {
                return null; // another container: FFmpeg will tell
            }

            if (got < 8)
            {
                return "it is cut short";
            }

            index |= head[4..8].SequenceEqual("moov"u8) || head[4..8].SequenceEqual("moof"u8);
            var length = (long)BinaryPrimitives.ReadUInt32BigEndian(head);
            length = length switch
            {
                0 => file.Length - at, // to the end of the file
                1 when got == 16 => BinaryPrimitives.ReadInt64BigEndian(head[8..]),
                _ => length,
            };
            if (length < 8 || at + length > file.Length)
            {
                return $"it is cut short ({file.Length} bytes, and its boxes ask for more)";
            }

            at += length;
        }

        return index ? null : "it is cut short (its index is missing)";
    }
}
