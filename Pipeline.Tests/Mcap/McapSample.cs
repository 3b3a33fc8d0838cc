using Forecast.Adapters.Mcap;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>A message as it was written, to be compared with what is read.</summary>
internal sealed record SampleMessage(ushort Channel, uint Sequence, ulong LogTimeNs, ulong PublishTimeNs, uint DataCrc)
{
    public static SampleMessage Of(McapMessage message) => new(message.ChannelId, message.Sequence, message.LogTimeNs, message.PublishTimeNs, Crc32.Append(0, message.Data));
}

/// <summary>Content for a file: three channels of messages whose times do not rise evenly, so that chunks overlap, an attachment and metadata.</summary>
internal sealed class McapSample
{
    public static readonly string[] Topics = ["/camera", "/motion", "/notes"];

    private readonly int _messages;
    private readonly int _seed;

    public McapSample(int messages, int seed = 1) => (_messages, _seed) = (messages, seed);

    /// <summary>What was written last, in that order.</summary>
    public List<SampleMessage> Written { get; } = [];

    public static byte[] AttachmentData { get; } = [.. Enumerable.Range(0, 2_000).Select(i => (byte)i)];

    public static byte[] SchemaData { get; } = "{\"type\":\"object\"}"u8.ToArray();

    /// <returns>The file.</returns>
    public byte[] Write(McapCompression compression, int chunkBytes = 8_192)
    {
        var stream = new MemoryStream();
        using var writer = new McapWriter(stream, "sample", new McapWriterOptions { Compression = compression, ChunkBytes = chunkBytes, Profile = "p" }, TimeProvider.System);
        Write(writer);
        writer.Finish();
        return stream.ToArray();
    }

    public void Write(McapWriter writer)
    {
        Written.Clear();
        var random = new Random(_seed);
        var schema = writer.AddSchema("Sample", "jsonschema", SchemaData);
        for (var channel = 0; channel < Topics.Length; channel++)
        {
            writer.AddChannel(Topics[channel], "json", channel == 2 ? (ushort)0 : schema, new Dictionary<string, string> { ["unit"] = "m", ["number"] = $"{channel}" });
        }

        for (var i = 0; i < _messages; i++)
        {
            if (i == _messages / 2)
            {
                writer.AddAttachment(3_000, 2_000, "calibration.json", "application/json", AttachmentData);
                writer.AddMetadata("rig", new Dictionary<string, string> { ["vehicle"] = "Süd 1", ["cameras"] = "3" });
            }

            var data = Data(random);
            var time = (ulong)((i * 1_000) + random.Next(40_000) + 1_000_000);
            var channel = (ushort)random.Next(Topics.Length);
            writer.Write(channel, (uint)i, time, time - 7, data);
            Written.Add(new SampleMessage(channel, (uint)i, time, time - 7, Crc32.Append(0, data)));
        }
    }

    /// <summary>Half of it easily compressed.</summary>
    private static byte[] Data(Random random)
    {
        var data = new byte[random.Next(600)];
        random.NextBytes(data.AsSpan(0, data.Length / 2));
        return data;
    }
}
