using System.Buffers.Binary;
using System.Text;
using Forecast.Adapters.OpenCv;

namespace Forecast.Pipeline.Tests.OpenCv;

/// <summary>Pictures, JPEGs and small videos for tests; a folder that goes when the test does.</summary>
internal sealed class PictureMaker : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("forecast-test-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Smooth, and different in each channel: B = 2x + y, G = 3y + 20, R = 200 - x + y / 2, modulo 256.</summary>
    public static byte[] Slope(int width, int height)
    {
        var picture = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var at = ((y * width) + x) * 3;
                (picture[at], picture[at + 1], picture[at + 2]) = ((byte)((2 * x) + y), (byte)((3 * y) + 20), (byte)(200 - x + (y / 2)));
            }
        }

        return picture;
    }

    public static byte[] Flat(int width, int height, byte level)
    {
        var picture = new byte[width * height * 3];
        Array.Fill(picture, level);
        return picture;
    }

    public static byte[] Jpeg(byte[] bgr, int width, int height, int quality = 95)
    {
        var buffer = new byte[PictureCodec.JpegCapacity(width, height)];
        return buffer[..PictureCodec.EncodeJpeg(bgr, width, height, quality, buffer)];
    }

    /// <summary>The grey level of frame i in the videos made here.</summary>
    public static byte Level(int i) => (byte)(40 + (20 * i));

    /// <summary>A folder of numbered JPEGs of rising grey.</summary>
    public string Sequence(string name, int frames, int width = 64, int height = 32)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        for (var i = 0; i < frames; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i:D6}.jpg"), Jpeg(Flat(width, height, Level(i)), width, height));
        }

        return folder;
    }

    /// <summary>A motion-JPEG AVI of rising grey, written by hand: RIFF, one stream, an index.</summary>
    public string Video(string name, int frames, int width = 64, int height = 32, int rate = 10)
    {
        var pictures = Enumerable.Range(0, frames).Select(i => Jpeg(Flat(width, height, Level(i)), width, height)).ToArray();
        byte[] U(params uint[] values)
        {
            var bytes = new byte[values.Length * 4];
            for (var i = 0; i < values.Length; i++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), values[i]);
            }

            return bytes;
        }

        byte[] Chunk(string id, params byte[][] parts)
        {
            var body = parts.SelectMany(p => p).ToArray();
            return [.. Encoding.ASCII.GetBytes(id), .. U((uint)body.Length), .. body, .. new byte[body.Length % 2]];
        }

        byte[] List(string kind, params byte[][] parts) => Chunk("LIST", [Encoding.ASCII.GetBytes(kind), .. parts]);
        var (w, h, n, fps) = ((uint)width, (uint)height, (uint)frames, (uint)rate);
        const uint mjpg = 0x47504A4D;
        var header = Chunk("avih", U(1_000_000 / fps, 0, 0, 0x10, n, 0, 1, 0, w, h, 0, 0, 0, 0));
        var stream = Chunk("strh", Encoding.ASCII.GetBytes("vidsMJPG"), U(0, 0, 0, 1, fps, 0, n, 0, 0xFFFFFFFF, 0, 0, 0));
        var format = Chunk("strf", U(40, w, h, 1 | (24 << 16), mjpg, w * h * 3, 0, 0, 0, 0));
        var offset = 4u;
        var index = new List<byte>();
        foreach (var picture in pictures)
        {
            index.AddRange([.. "00dc"u8, .. U(0x10, offset, (uint)picture.Length)]);
            offset += 8 + (uint)(picture.Length + (picture.Length % 2));
        }

        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, Chunk("RIFF", "AVI "u8.ToArray(), List("hdrl", header, List("strl", stream, format)),
            List("movi", [.. pictures.Select(p => Chunk("00dc", p))]), Chunk("idx1", [.. index])));
        return path;
    }
}
