namespace Forecast.Adapters.Mcap;

/// <summary>
/// A record of the specification, https://mcap.dev/spec, whose field names these are. Times are nanoseconds since an epoch that the file's users
/// agree on; offsets are bytes from the start of the file.
/// </summary>
public abstract record McapRecord;

/// <param name="Profile">Of the well-known ones, or empty.</param>
/// <param name="Library">The program that wrote the file.</param>
public sealed record McapHeader(string Profile, string Library) : McapRecord;

/// <param name="SummaryStart">0: there is no summary.</param>
/// <param name="SummaryOffsetStart">0: there are no summary offsets.</param>
/// <param name="SummaryCrc">0: not known.</param>
public sealed record McapFooter(ulong SummaryStart, ulong SummaryOffsetStart, uint SummaryCrc) : McapRecord;

/// <param name="Id">Never 0.</param>
/// <param name="Encoding">Empty: there is no schema, and no data.</param>
public sealed record McapSchema(ushort Id, string Name, string Encoding, ReadOnlyMemory<byte> Data) : McapRecord
{
    public bool SameAs(McapSchema other) => Id == other.Id && Name == other.Name && Encoding == other.Encoding && Data.Span.SequenceEqual(other.Data.Span);
}

/// <param name="SchemaId">0: none.</param>
public sealed record McapChannel(ushort Id, ushort SchemaId, string Topic, string MessageEncoding, IReadOnlyDictionary<string, string> Metadata) : McapRecord
{
    public bool SameAs(McapChannel other) =>
        Id == other.Id && SchemaId == other.SchemaId && Topic == other.Topic && MessageEncoding == other.MessageEncoding && Metadata.Count == other.Metadata.Count
        && Metadata.All(pair => other.Metadata.TryGetValue(pair.Key, out var value) && value == pair.Value);
}

/// <summary>A chunk's own fields; its records follow as records of their own.</summary>
/// <param name="UncompressedCrc">0: not known.</param>
public sealed record McapChunk(ulong MessageStartTimeNs, ulong MessageEndTimeNs, ulong UncompressedBytes, uint UncompressedCrc, string Compression, ulong CompressedBytes) : McapRecord;

/// <param name="ChunkLength">Bytes, head and length included.</param>
/// <param name="MessageIndexOffsets">By channel; empty: not known which channels the chunk holds.</param>
public sealed record McapChunkIndex(
    ulong MessageStartTimeNs,
    ulong MessageEndTimeNs,
    ulong ChunkStartOffset,
    ulong ChunkLength,
    IReadOnlyDictionary<ushort, ulong> MessageIndexOffsets,
    ulong MessageIndexLength,
    string Compression,
    ulong CompressedBytes,
    ulong UncompressedBytes) : McapRecord;

/// <param name="CreateTimeNs">0: not known.</param>
public sealed record McapAttachment(ulong LogTimeNs, ulong CreateTimeNs, string Name, string MediaType, ReadOnlyMemory<byte> Data) : McapRecord;

/// <param name="Offset">Of the Attachment.</param>
/// <param name="Length">Of the Attachment, head included.</param>
public sealed record McapAttachmentIndex(ulong Offset, ulong Length, ulong LogTimeNs, ulong CreateTimeNs, ulong DataBytes, string Name, string MediaType) : McapRecord;

public sealed record McapMetadata(string Name, IReadOnlyDictionary<string, string> Values) : McapRecord;

/// <param name="Offset">Of the Metadata.</param>
/// <param name="Length">Of the Metadata, head included.</param>
public sealed record McapMetadataIndex(ulong Offset, ulong Length, string Name) : McapRecord;

/// <param name="ChannelMessageCounts">By channel; empty: not known.</param>
public sealed record McapStatistics(
    ulong MessageCount,
    ushort SchemaCount,
    uint ChannelCount,
    uint AttachmentCount,
    uint MetadataCount,
    uint ChunkCount,
    ulong MessageStartTimeNs,
    ulong MessageEndTimeNs,
    IReadOnlyDictionary<ushort, ulong> ChannelMessageCounts) : McapRecord;

public sealed record McapSummaryOffset(McapOpcode GroupOpcode, ulong GroupStart, ulong GroupLength) : McapRecord;

/// <param name="DataSectionCrc">0: not known.</param>
public sealed record McapDataEnd(uint DataSectionCrc) : McapRecord;
