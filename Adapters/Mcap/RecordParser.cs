using System.Buffers.Binary;

namespace Forecast.Adapters.Mcap;

/// <summary>Turns the bytes of a record into its object. Bytes after the known fields are of a later version and ignored.</summary>
internal static class RecordParser
{
    /// <summary>Null, and why, where the bytes are no such record. Messages and message indexes are not parsed: they are read where they lie.</summary>
    public static McapRecord? Parse(McapOpcode opcode, ReadOnlySpan<byte> content, out string? problem)
    {
        var fields = new FieldReader(content);
        McapRecord? record = opcode switch
        {
            McapOpcode.Header => new McapHeader(fields.Text(), fields.Text()),
            McapOpcode.Footer => new McapFooter(fields.U64(), fields.U64(), fields.U32()),
            McapOpcode.Schema => new McapSchema(fields.U16(), fields.Text(), fields.Text(), fields.Bytes().ToArray()),
            McapOpcode.Channel => new McapChannel(fields.U16(), fields.U16(), fields.Text(), fields.Text(), fields.TextMap()),
            McapOpcode.Chunk => Chunk(ref fields),
            McapOpcode.ChunkIndex => new McapChunkIndex(
                fields.U64(), fields.U64(), fields.U64(), fields.U64(), fields.ChannelMap(), fields.U64(), fields.Text(), fields.U64(), fields.U64()),
            McapOpcode.Attachment => new McapAttachment(fields.U64(), fields.U64(), fields.Text(), fields.Text(), fields.LongBytes().ToArray()),
            McapOpcode.AttachmentIndex => new McapAttachmentIndex(fields.U64(), fields.U64(), fields.U64(), fields.U64(), fields.U64(), fields.Text(), fields.Text()),
            McapOpcode.Statistics => new McapStatistics(
                fields.U64(), fields.U16(), fields.U32(), fields.U32(), fields.U32(), fields.U32(), fields.U64(), fields.U64(), fields.ChannelMap()),
            McapOpcode.Metadata => new McapMetadata(fields.Text(), fields.TextMap()),
            McapOpcode.MetadataIndex => new McapMetadataIndex(fields.U64(), fields.U64(), fields.Text()),
            McapOpcode.SummaryOffset => new McapSummaryOffset((McapOpcode)fields.U8(), fields.U64(), fields.U64()),
            McapOpcode.DataEnd => new McapDataEnd(fields.U32()),
            _ => null,
        };
        problem = record is null ? "no record of the specification" : fields.Problem;
        return problem is null ? record : null;
    }

    /// <summary>The checksum that an Attachment ends with, and the one that its bytes have; what the writer did not know (0) is right.</summary>
    public static bool AttachmentIsWhole(ReadOnlySpan<byte> content)
    {
        var fields = new FieldReader(content);
        fields.U64();
        fields.U64();
        fields.Text();
        fields.Text();
        fields.LongBytes();
        var covered = content.Length - fields.Left;
        var crc = fields.U32();
        return fields.Problem is null && (crc == 0 || crc == Crc32.Append(0, content[..covered]));
    }

    /// <summary>Where a Chunk's records begin in its content, which is known to have them.</summary>
    public static int ChunkRecordsAt(ReadOnlySpan<byte> content) =>
        McapFormat.ChunkHeadBytes + 4 + (int)BinaryPrimitives.ReadUInt32LittleEndian(content[McapFormat.ChunkHeadBytes..]) + 8;

    /// <summary>A Chunk's own fields where its records are cut short: null where not even those are there.</summary>
    public static McapChunk? ChunkHead(ReadOnlySpan<byte> content)
    {
        var fields = new FieldReader(content);
        var chunk = Head(ref fields);
        return fields.Problem is null ? chunk : null;
    }

    private static McapChunk Chunk(ref FieldReader fields)
    {
        var chunk = Head(ref fields);
        fields.Skip(chunk.CompressedBytes);
        return chunk;
    }

    private static McapChunk Head(ref FieldReader fields) => new(fields.U64(), fields.U64(), fields.U64(), fields.U32(), fields.Text(), fields.U64());
}
