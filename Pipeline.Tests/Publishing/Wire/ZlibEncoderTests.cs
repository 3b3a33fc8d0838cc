using System.Diagnostics;
using System.IO.Compression;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Tests.Publishing.Wire;

public sealed class ZlibEncoderTests
{
    private const int Longest = 70_000;

    [Fact]
    public void Encode_AnyBytes_InflateToTheSame()
    {
        var encoder = new ZlibEncoder(Longest);
        for (var seed = 0; seed < 400; seed++)
        {
            var input = Bytes(seed);
            Assert.Equal(input, Inflate(encoder.Encode(input).ToArray()));
        }
    }

    [Fact]
    public void Encode_LongestMatchAndFurthestDistance_InflateToTheSame()
    {
        var input = new byte[Longest];
        new Random(3).NextBytes(input.AsSpan(0, 32768));
        input.AsSpan(0, 32768).CopyTo(input.AsSpan(32768));
        Assert.Equal(input, Inflate(new ZlibEncoder(Longest).Encode(input).ToArray()));
    }

    [Fact]
    public void Encode_CountsThatWouldGiveCodesOver15Bits_InflateToTheSame()
    {
        var counts = new List<byte>();
        var (before, now) = (1, 1);
        for (byte symbol = 0; symbol < 22; symbol++)
        {
            counts.AddRange(Enumerable.Repeat((byte)(symbol * 7), before));
            (before, now) = (now, before + now);
        }

        var input = counts.ToArray();
        new Random(4).Shuffle(input);
        Assert.Equal(input, Inflate(new ZlibEncoder(Longest).Encode(input).ToArray()));
    }

    [Fact]
    public void Encode_OccupancyLikeMaps_IsAboutAsSmallAsZlib()
    {
        var ours = 0;
        var theirs = 0;
        var encoder = new ZlibEncoder(Longest);
        for (var seed = 0; seed < 20; seed++)
        {
            var map = ForecastSamples.Complete(seed).Occupancy.AsSpan(0, 4608).ToArray();
            ours += encoder.Encode(map).Length;
            theirs += Deflate(map).Length;
        }

        Assert.InRange((double)ours / theirs, 0.5, 1.1);
    }

    [NeedsCommandFact("python3")]
    public void Encode_AMap_IsReadByPythonsZlib()
    {
        var map = ForecastSamples.Complete().Occupancy;
        var start = new ProcessStartInfo("python3") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("import sys,zlib; sys.stdout.write(zlib.decompress(bytes.fromhex(sys.stdin.read())).hex())");
        using var python = Process.Start(start)!;
        python.StandardInput.Write(Convert.ToHexString(new ZlibEncoder(map.Length).Encode(map)));
        python.StandardInput.Close();
        Assert.Equal(Convert.ToHexStringLower(map), python.StandardOutput.ReadToEnd());
    }

    private static byte[] Bytes(int seed)
    {
        var random = new Random(seed);
        var input = new byte[seed < 8 ? seed : random.Next(20_000)];
        var alphabet = random.Next(1, 257);
        for (var i = 0; i < input.Length; i++)
        {
            input[i] = seed % 3 == 0 && i > 100 && random.Next(8) != 0 ? input[i - random.Next(1, 100)] : (byte)random.Next(alphabet);
        }

        return input;
    }

    private static byte[] Inflate(byte[] stream)
    {
        using var inflated = new MemoryStream();
        using var zlib = new ZLibStream(new MemoryStream(stream), CompressionMode.Decompress);
        zlib.CopyTo(inflated);
        return inflated.ToArray();
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var deflated = new MemoryStream();
        using (var zlib = new ZLibStream(deflated, CompressionLevel.Optimal))
        {
            zlib.Write(bytes);
        }

        return deflated.ToArray();
    }
}
