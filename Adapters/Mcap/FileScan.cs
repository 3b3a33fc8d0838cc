namespace Forecast.Adapters.Mcap;

/// <summary>Finds out what a file holds by reading it from beginning to end, where its own summary does not say.</summary>
internal sealed class FileScan
{
    /// <summary>A run of records outside of chunks is cut here, so that it can be sorted in memory.</summary>
    private const int LongestRun = 4 << 20;

    private readonly McapContents _contents;
    private readonly Dictionary<ushort, ulong> _counts = [];
    private Part _part;
    private uint _chunks;
    private ulong _firstNs = ulong.MaxValue;
    private ulong _lastNs;

    private FileScan(McapProblems problems) => _contents = new McapContents(problems);

    /// <exception cref="McapFormatException">It is no MCAP file.</exception>
    public static McapContents Run(string path, McapReaderOptions options, McapProblems problems)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var reader = new McapStreamReader(stream, options, problems);
        var scan = new FileScan(new McapProblems()); // the reader has named contradictions already
        while (reader.Read() && !reader.InSummary)
        {
            scan.Take(reader);
        }

        // What follows only repeats and indexes, but its damage is worth naming.
        while (reader.Read())
        {
        }

        scan.Close();
        scan.Count();
        return scan._contents;
    }

    private void Take(McapStreamReader reader)
    {
        switch (reader.Record)
        {
            case McapHeader header:
                _contents.Header ??= header;
                break;
            case McapSchema schema:
                _contents.Definitions.Add(schema, reader.Offset);
                break;
            case McapChannel channel:
                _contents.Definitions.Add(channel, reader.Offset);
                break;
            case McapChunk chunk:
                Close();
                _chunks++;
                _part = new Part { Chunk = chunk, Offset = reader.Offset, Length = reader.Length, Channels = [], FirstNs = ulong.MaxValue };
                break;
            case McapAttachment attachment:
                Close();
                _contents.Attachments.Add(new McapAttachmentIndex(
                    (ulong)reader.Offset, (ulong)reader.Length, attachment.LogTimeNs, attachment.CreateTimeNs, (ulong)attachment.Data.Length, attachment.Name, attachment.MediaType));
                break;
            case McapMetadata metadata:
                Close();
                _contents.Metadata.Add(new McapMetadataIndex((ulong)reader.Offset, (ulong)reader.Length, metadata.Name));
                break;
        }

        if (reader.Opcode == McapOpcode.Message)
        {
            Take(reader.Message, reader);
        }
    }

    private void Take(McapMessage message, McapStreamReader reader)
    {
        if (!reader.InChunk)
        {
            var end = reader.Offset + reader.Length;
            if (_part.Channels is not null && (_part.Chunk is not null || reader.Offset != _part.Offset + _part.Length || end - _part.Offset > LongestRun))
            {
                Close();
            }

            if (_part.Channels is null)
            {
                _part = new Part { Offset = reader.Offset, Channels = [], FirstNs = ulong.MaxValue };
            }

            _part.Length = end - _part.Offset;
        }

        _part.Channels!.TryAdd(message.ChannelId, 0);
        _part.FirstNs = Math.Min(_part.FirstNs, message.LogTimeNs);
        _part.LastNs = Math.Max(_part.LastNs, message.LogTimeNs);
        _counts[message.ChannelId] = _counts.GetValueOrDefault(message.ChannelId) + 1;
    }

    /// <summary>What was under way is a chunk or run of its own, if it held a message.</summary>
    private void Close()
    {
        if (_part.Channels is { Count: > 0 } channels)
        {
            var (bytes, compression) = _part.Chunk is { } chunk ? (chunk.UncompressedBytes, chunk.Compression) : ((ulong)_part.Length, "");
            _contents.Chunks.Add(new McapChunkIndex(
                _part.FirstNs, _part.LastNs, (ulong)_part.Offset, (ulong)_part.Length, channels, 0, compression, _part.Chunk?.CompressedBytes ?? (ulong)_part.Length, bytes));
            if (_part.Chunk is null)
            {
                _contents.Runs.Add((ulong)_part.Offset);
            }

            _firstNs = Math.Min(_firstNs, _part.FirstNs);
            _lastNs = Math.Max(_lastNs, _part.LastNs);
        }

        _part = default;
    }

    private void Count()
    {
        var messages = _counts.Values.Aggregate(0UL, (sum, count) => sum + count);
        _contents.Statistics = new McapStatistics(
            messages,
            (ushort)_contents.Definitions.Schemas.Count,
            (uint)_contents.Definitions.Channels.Count,
            (uint)_contents.Attachments.Count,
            (uint)_contents.Metadata.Count,
            _chunks,
            messages == 0 ? 0 : _firstNs,
            _lastNs,
            _counts);
    }

    /// <summary>The chunk or run that is being read; no channels: none.</summary>
    private struct Part
    {
        public McapChunk? Chunk;
        public long Offset;
        public long Length;
        public Dictionary<ushort, ulong>? Channels;
        public ulong FirstNs;
        public ulong LastNs;
    }
}
