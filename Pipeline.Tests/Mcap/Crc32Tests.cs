using Forecast.Adapters.Mcap;

namespace Forecast.Pipeline.Tests.Mcap;

public sealed class Crc32Tests
{
    [Fact]
    public void Append_TheCheckValueOfCrc32_IsRight() => Assert.Equal(0xCBF43926, Crc32.Append(0, "123456789"u8));

    [Fact]
    public void Append_AnyLength_IsAsBitByBit()
    {
        var bytes = new byte[1_100];
        new Random(1).NextBytes(bytes);
        for (var length = 0; length < bytes.Length; length++)
        {
            var expected = BitByBit(bytes.AsSpan(0, length));
            Assert.Equal(expected, Crc32.Append(0, bytes.AsSpan(0, length)));
            Assert.Equal(expected, Crc32.AppendByTables(0, bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Append_InPieces_IsAsAtOnce()
    {
        var bytes = new byte[10_000];
        var random = new Random(2);
        random.NextBytes(bytes);
        var crc = 0u;
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(random.Next(700), bytes.Length - at);
            crc = Crc32.Append(crc, bytes.AsSpan(at, length));
            at += length;
        }

        Assert.Equal(BitByBit(bytes), crc);
    }

    private static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        var state = uint.MaxValue;
        foreach (var value in bytes)
        {
            state ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state >> 1) ^ ((state & 1) * 0xEDB88320u);
            }
        }

        return ~state;
    }
}
