using Forecast.Adapters.Compression;

namespace Forecast.Pipeline.Tests.Compression;

public sealed class FrameTests
{
    private static readonly byte[] Content = MakeContent();

    public static TheoryData<string> Methods => ["zstd", "lz4"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Decode_OfWhatWasEncoded_GivesItBack(string method)
    {
        var frame = Encode(method, Content);
        Assert.InRange(frame.Length, 100, Content.Length / 2);
        using var decoder = Decoder(method);
        var output = new byte[Content.Length];
        for (var round = 0; round < 2; round++)
        {
            decoder.Start();
            Assert.Equal(DecodeResult.Complete, decoder.Decode(frame, output, out var read, out var written));
            Assert.Equal((frame.Length, Content.Length), (read, written));
            Assert.Equal(Content, output);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Decode_InPieces_GivesItBack(string method)
    {
        var frame = Encode(method, Content).AsSpan();
        using var decoder = Decoder(method);
        decoder.Start();
        var output = new byte[Content.Length];
        var length = 0;
        var result = DecodeResult.GoesOn;
        while (result == DecodeResult.GoesOn)
        {
            result = decoder.Decode(frame[..Math.Min(100, frame.Length)], output.AsSpan(length, Math.Min(1_000, output.Length - length)), out var read, out var written);
            frame = frame[read..];
            length += written;
        }

        Assert.Equal(DecodeResult.Complete, result);
        Assert.Equal(Content, output);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Decode_OfHalfAFrame_GivesWhatIsThere(string method)
    {
        var frame = Encode(method, Content);
        using var decoder = Decoder(method);
        decoder.Start();
        var output = new byte[Content.Length];
        var half = frame.AsSpan(0, frame.Length / 2);
        Assert.Equal(DecodeResult.GoesOn, decoder.Decode(half, output, out _, out var written));
        Assert.InRange(written, 1, Content.Length - 1);
        Assert.True(output.AsSpan(0, written).SequenceEqual(Content.AsSpan(0, written)));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Decode_OfOtherBytes_IsDamagedAndSaysWhy(string method)
    {
        using var decoder = Decoder(method);
        decoder.Start();
        Assert.Equal(DecodeResult.Damaged, decoder.Decode(new byte[64], new byte[64], out _, out _));
        Assert.NotEmpty(decoder.Problem);
        decoder.Start();
        Assert.Equal(DecodeResult.Complete, decoder.Decode(Encode(method, Content), new byte[Content.Length], out _, out _));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Encode_IntoTooLittleRoom_Throws(string method)
    {
        using var encoder = Encoder(method);
        Assert.Throws<InvalidOperationException>(() => encoder.Encode(Content, new byte[10]));
        Assert.True(encoder.Encode(Content, new byte[encoder.Bound(Content.Length)]) > 0); // and can be used again
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Encode_OfNothing_IsAFrame(string method)
    {
        using var decoder = Decoder(method);
        decoder.Start();
        Assert.Equal(DecodeResult.Complete, decoder.Decode(Encode(method, []), new byte[1], out _, out var written));
        Assert.Equal(0, written);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Encode_Warm_AllocatesNothing(string method)
    {
        using var encoder = Encoder(method);
        using var decoder = Decoder(method);
        var frame = new byte[encoder.Bound(Content.Length)];
        var output = new byte[Content.Length];
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            var length = encoder.Encode(Content, frame);
            decoder.Start();
            decoder.Decode(frame.AsSpan(0, length), output, out _, out _);
        }));
    }

    [Fact]
    public void Presence_SaysTheVersions()
    {
        Assert.StartsWith("1.", CompressionPresence.Zstd());
        Assert.StartsWith("1.", CompressionPresence.Lz4());
    }

    private static byte[] Encode(string method, byte[] content)
    {
        using var encoder = Encoder(method);
        var frame = new byte[encoder.Bound(content.Length)];
        return frame[..encoder.Encode(content, frame)];
    }

    private static IFrameEncoder Encoder(string method) => method == "zstd" ? new ZstdEncoder(1) : new Lz4Encoder();

    private static IFrameDecoder Decoder(string method) => method == "zstd" ? new ZstdDecoder() : new Lz4Decoder();

    /// <summary>Compressible, of several LZ4 blocks and Zstandard blocks.</summary>
    private static byte[] MakeContent()
    {
        var random = new Random(5);
        var content = new byte[3_000_000];
        for (var i = 0; i < content.Length; i++)
        {
            content[i] = (byte)(i % 1_000 < 600 ? 7 : random.Next(16));
        }

        return content;
    }
}
