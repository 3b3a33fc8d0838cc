namespace Forecast.Adapters.Mcap;

/// <summary>What a file's end will say of it, put together while it is written.</summary>
internal sealed class McapSummary
{
    private readonly List<ulong> _counts = [];
    private readonly RecordBuffer _chunks = new(1 << 16);
    private readonly RecordBuffer _attachments = new(1 << 10);
    private readonly RecordBuffer _metadata = new(1 << 10);
    private readonly RecordBuffer _record = new(1 << 10);
    private readonly RecordBuffer _offsets = new(256);
    private ulong _messageCount;
    private ulong _firstNs = ulong.MaxValue;
    private ulong _lastNs;
    private uint _chunkCount;
    private uint _attachmentCount;
    private uint _metadataCount;
    private int _chunkChannels;

    /// <summary>The Schema records, as they will be repeated.</summary>
    public RecordBuffer Schemas { get; } = new(1 << 10);

    /// <summary>The Channel records, as they will be repeated.</summary>
    public RecordBuffer Channels { get; } = new(1 << 10);

    public ushort SchemaCount { get; private set; }

    public int ChannelCount => _counts.Count;

    /// <summary>From 1: 0 means none.</summary>
    public ushort NextSchema() => SchemaCount < ushort.MaxValue ? ++SchemaCount : throw new InvalidOperationException("an MCAP file has room for 65,535 schemas");

    /// <summary>From 0.</summary>
    public ushort NextChannel()
    {
        if (_counts.Count == McapFormat.Channels)
        {
            throw new InvalidOperationException("an MCAP file has room for 65,536 channels");
        }

        _counts.Add(0);
        return (ushort)(_counts.Count - 1);
    }

    public void Count(ushort channel, ulong logTimeNs)
    {
        _counts[channel]++;
        _messageCount++;
        _firstNs = Math.Min(_firstNs, logTimeNs);
        _lastNs = Math.Max(_lastNs, logTimeNs);
    }

    /// <returns>For <see cref="EndChunk"/>.</returns>
    public int BeginChunk(ulong firstNs, ulong lastNs, ulong offset, ulong length)
    {
        var begun = _chunks.Begin(McapOpcode.ChunkIndex);
        _chunks.U64(firstNs).U64(lastNs).U64(offset).U64(length);
        _chunkChannels = _chunks.BeginLength();
        _chunkCount++;
        return begun;
    }

    public void AddChunkChannel(ushort channel, ulong indexOffset) => _chunks.U16(channel).U64(indexOffset);

    public void EndChunk(int begun, ulong indexBytes, string compression, ulong compressedBytes, ulong uncompressedBytes) =>
        _chunks.EndLength(_chunkChannels).U64(indexBytes).Text(compression).U64(compressedBytes).U64(uncompressedBytes).End(begun);

    public void AddAttachment(ulong offset, ulong length, ulong logTimeNs, ulong createTimeNs, ulong dataBytes, string name, string mediaType)
    {
        _attachmentCount++;
        var begun = _attachments.Begin(McapOpcode.AttachmentIndex);
        _attachments.U64(offset).U64(length).U64(logTimeNs).U64(createTimeNs).U64(dataBytes).Text(name).Text(mediaType).End(begun);
    }

    public void AddMetadata(ulong offset, ulong length, string name)
    {
        _metadataCount++;
        var begun = _metadata.Begin(McapOpcode.MetadataIndex);
        _metadata.U64(offset).U64(length).Text(name).End(begun);
    }

    /// <summary>The summary, its offsets and the Footer. The output's checksum begins here.</summary>
    public void Write(McapOutput output)
    {
        var start = (ulong)output.Position;
        PutStatistics();
        WriteGroup(output, McapOpcode.Schema, Schemas);
        WriteGroup(output, McapOpcode.Channel, Channels);
        WriteGroup(output, McapOpcode.Statistics, _record);
        WriteGroup(output, McapOpcode.ChunkIndex, _chunks);
        WriteGroup(output, McapOpcode.AttachmentIndex, _attachments);
        WriteGroup(output, McapOpcode.MetadataIndex, _metadata);
        var offsetsAt = (ulong)output.Position;
        output.Write(_offsets.Written);

        _record.Clear();
        var begun = _record.Begin(McapOpcode.Footer);
        _record.U64(start).U64(offsetsAt);
        _record.SetLength(begun, McapFormat.FooterBytes);
        output.Write(_record.Written);
        _record.Clear();
        _record.U32(output.Crc);
        output.Write(_record.Written);
    }

    private void PutStatistics()
    {
        var begun = _record.Begin(McapOpcode.Statistics);
        _record.U64(_messageCount).U16(SchemaCount).U32((uint)ChannelCount).U32(_attachmentCount).U32(_metadataCount).U32(_chunkCount);
        _record.U64(_messageCount == 0 ? 0 : _firstNs).U64(_lastNs);
        var counts = _record.BeginLength();
        for (var channel = 0; channel < _counts.Count; channel++)
        {
            if (_counts[channel] > 0)
            {
                _record.U16((ushort)channel).U64(_counts[channel]);
            }
        }

        _record.EndLength(counts).End(begun);
    }

    private void WriteGroup(McapOutput output, McapOpcode opcode, RecordBuffer group)
    {
        if (group.Length == 0)
        {
            return;
        }

        var begun = _offsets.Begin(McapOpcode.SummaryOffset);
        _offsets.U8((byte)opcode).U64((ulong)output.Position).U64((ulong)group.Length).End(begun);
        output.Write(group.Written);
    }
}
