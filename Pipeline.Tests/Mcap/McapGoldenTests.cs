using Forecast.Adapters.Mcap;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>A small file worked out from the specification field by field, its checksums by Python's zlib.</summary>
public sealed class McapGoldenTests
{
    private static readonly string[] Hex =
    [
        // magic
        "894d434150300d0a",
        // Header: profile "", library "t"
        "010900000000000000000000000100000074",
        // Schema 1: name "S", encoding "jsonschema", data {}
        "031b00000000000000010001000000530a0000006a736f6e736368656d61020000007b7d",
        // Channel 0 of schema 1: topic "/a", encoding "json", metadata k=v
        "04200000000000000000000100020000002f61040000006a736f6e0a000000010000006b0100000076",
        // Chunk: log times 10 to 20, no compression; Messages 7 at 20 (published 19), 8 at 10 (9)
        "0669000000000000000a00000000000000140000000000000041000000000000001e824c210000000041000000000000000517000000000000000000",
        "0700000014000000000000001300000000000000310518000000000000000000080000000a0000000000000009000000000000003232",
        // MessageIndex of channel 0: 20 -> 0, 10 -> 32
        "072600000000000000000020000000140000000000000000000000000000000a000000000000002000000000000000",
        // Attachment: logged 5, created 4, name "n", type "m/t", data abc
        "092b0000000000000005000000000000000400000000000000010000006e030000006d2f740300000000000000616263dcea5741",
        // Metadata "i": a=b
        "0c130000000000000001000000690a00000001000000610100000062",
        // DataEnd
        "0f04000000000000009cd73e02",
        // summary: Schema
        "031b00000000000000010001000000530a0000006a736f6e736368656d61020000007b7d",
        // Channel
        "04200000000000000000000100020000002f61040000006a736f6e0a000000010000006b0100000076",
        // Statistics: 2 messages, 1 schema, 1 channel, 1 attachment, 1 metadata, 1 chunk, 10 to 20, channel 0: 2
        "0b380000000000000002000000000000000100010000000100000001000000010000000a0000000000000014000000000000000a0000000000020000",
        "0000000000",
        // ChunkIndex
        "084a000000000000000a000000000000001400000000000000670000000000000072000000000000000a0000000000d9000000000000002f00000000",
        "0000000000000041000000000000004100000000000000",
        // AttachmentIndex
        "0a340000000000000008010000000000003400000000000000050000000000000004000000000000000300000000000000010000006e030000006d2f",
        "74",
        // MetadataIndex
        "0d15000000000000003c010000000000001c000000000000000100000069",
        // SummaryOffsets of the six groups
        "0e110000000000000003650100000000000024000000000000000e110000000000000004890100000000000029000000000000000e11000000000000",
        "000bb20100000000000041000000000000000e110000000000000008f30100000000000053000000000000000e11000000000000000a460200000000",
        "00003d000000000000000e11000000000000000d83020000000000001e00000000000000",
        // Footer
        "0214000000000000006501000000000000a10200000000000091830f98",
        // magic
        "894d434150300d0a",
    ];

    private static readonly byte[] Golden = Convert.FromHexString(string.Concat(Hex));

    [Fact]
    public void Writer_TheSameContent_WritesTheseBytes()
    {
        var stream = new MemoryStream();
        using var writer = new McapWriter(stream, "golden", new McapWriterOptions { Compression = McapCompression.None, Library = "t" }, new TestTimeProvider());
        var schema = writer.AddSchema("S", "jsonschema", "{}"u8);
        var channel = writer.AddChannel("/a", "json", schema, new Dictionary<string, string> { ["k"] = "v" });
        writer.Write(channel, 7, 20, 19, "1"u8);
        writer.Write(channel, 8, 10, 9, "22"u8);
        writer.CloseChunk();
        writer.AddAttachment(5, 4, "n", "m/t", "abc"u8);
        writer.AddMetadata("i", new Dictionary<string, string> { ["a"] = "b" });
        writer.Finish();

        Assert.Equal(Convert.ToHexString(Golden), Convert.ToHexString(stream.ToArray()));
    }

    [Fact]
    public void StreamReader_TheseBytes_ReadsEveryRecord()
    {
        using var reader = new McapStreamReader(new MemoryStream(Golden));
        var seen = new List<string>();
        while (reader.Read())
        {
            seen.Add(reader.Opcode switch
            {
                McapOpcode.Message => $"Message {reader.Message.ChannelId} {reader.Message.Sequence} {reader.Message.LogTimeNs} {reader.Message.PublishTimeNs} {Convert.ToHexString(reader.Message.Data)}",
                McapOpcode.MessageIndex => $"MessageIndex {reader.MessageIndex.ChannelId} {reader.MessageIndex[0]} {reader.MessageIndex[1]}",
                _ => Describe(reader.Record!),
            });
        }

        Assert.Equal(0, reader.Problems.Count);
        Assert.Equal(
        [
            "Header  t", "Schema 1 S jsonschema 7B7D", "Channel 0 1 /a json k=v", "Chunk 10 20 65  65",
            "Message 0 7 20 19 31", "Message 0 8 10 9 3232", "MessageIndex 0 (20, 0) (10, 32)", "Attachment 5 4 n m/t 616263", "Metadata i a=b", "DataEnd",
            "Schema 1 S jsonschema 7B7D", "Channel 0 1 /a json k=v", "Statistics 2 1 1 1 1 1 10 20 0:2", "ChunkIndex 10 20 103 114 0:217 47  65 65",
            "AttachmentIndex 264 52 5 4 3 n m/t", "MetadataIndex 316 28 i",
            "SummaryOffset Schema", "SummaryOffset Channel", "SummaryOffset Statistics", "SummaryOffset ChunkIndex", "SummaryOffset AttachmentIndex", "SummaryOffset MetadataIndex", "Footer 357",
        ], seen);
    }

    private static string Describe(McapRecord record) => record switch
    {
        McapHeader r => $"Header {r.Profile} {r.Library}",
        McapSchema r => $"Schema {r.Id} {r.Name} {r.Encoding} {Convert.ToHexString(r.Data.Span)}",
        McapChannel r => $"Channel {r.Id} {r.SchemaId} {r.Topic} {r.MessageEncoding} {Pairs(r.Metadata)}",
        McapChunk r => $"Chunk {r.MessageStartTimeNs} {r.MessageEndTimeNs} {r.UncompressedBytes} {r.Compression} {r.CompressedBytes}",
        McapAttachment r => $"Attachment {r.LogTimeNs} {r.CreateTimeNs} {r.Name} {r.MediaType} {Convert.ToHexString(r.Data.Span)}",
        McapMetadata r => $"Metadata {r.Name} {Pairs(r.Values)}",
        McapStatistics r => $"Statistics {r.MessageCount} {r.SchemaCount} {r.ChannelCount} {r.AttachmentCount} {r.MetadataCount} {r.ChunkCount} {r.MessageStartTimeNs} {r.MessageEndTimeNs} {string.Join(',', r.ChannelMessageCounts.Select(c => $"{c.Key}:{c.Value}"))}",
        McapChunkIndex r => $"ChunkIndex {r.MessageStartTimeNs} {r.MessageEndTimeNs} {r.ChunkStartOffset} {r.ChunkLength} {string.Join(',', r.MessageIndexOffsets.Select(c => $"{c.Key}:{c.Value}"))} {r.MessageIndexLength} {r.Compression} {r.CompressedBytes} {r.UncompressedBytes}",
        McapAttachmentIndex r => $"AttachmentIndex {r.Offset} {r.Length} {r.LogTimeNs} {r.CreateTimeNs} {r.DataBytes} {r.Name} {r.MediaType}",
        McapMetadataIndex r => $"MetadataIndex {r.Offset} {r.Length} {r.Name}",
        McapSummaryOffset r => $"SummaryOffset {r.GroupOpcode}",
        McapFooter r => $"Footer {r.SummaryStart}",
        McapDataEnd => "DataEnd",
        _ => "another record",
    };

    private static string Pairs(IReadOnlyDictionary<string, string> map) => string.Join(',', map.Select(pair => $"{pair.Key}={pair.Value}"));
}
