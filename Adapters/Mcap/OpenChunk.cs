using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Mcap;

/// <summary>A chunk in memory and its wanted messages in order of log time; used again for another chunk when it is through.</summary>
internal sealed class OpenChunk(SafeFileHandle file, McapReaderOptions options) : IDisposable
{
    private readonly ChunkContents _contents = new(options);
    private readonly List<(ulong TimeNs, int Offset, int Length)> _messages = [];
    private byte[] _record = [];
    private ulong _fileOffset;
    private int _at;

    public McapMessage Message => new(_contents.Bytes.Span.Slice(_messages[_at].Offset, _messages[_at].Length));

    /// <summary>By log time, then by place in the file.</summary>
    public (ulong TimeNs, ulong Offset) Order => (_messages[_at].TimeNs, _fileOffset);

    public ulong HeldBytes => (ulong)_contents.Bytes.Length;

    /// <returns>False: that was the last one.</returns>
    public bool GoOn() => ++_at < _messages.Count;

    /// <param name="run">The bytes are records as they lie in the file, not a Chunk.</param>
    /// <returns>False: it holds no wanted message, or is damaged, which is then among the problems.</returns>
    public bool Load(McapChunkIndex index, bool run, bool[] wanted, McapQuery query, McapProblems problems)
    {
        _messages.Clear();
        (_at, _fileOffset) = (0, index.ChunkStartOffset);
        var problem = Fill(index, run);
        if (problem is { } found)
        {
            problems.Add((long)index.ChunkStartOffset, found.Kind, found.What);
            return false;
        }

        var (sorted, last) = (true, 0UL);
        var walker = new RecordWalker(_contents.Bytes.Span, 0);
        while (walker.Next())
        {
            if (walker.Opcode != McapOpcode.Message || walker.Content.Length < McapFormat.MessageHeadBytes)
            {
                continue;
            }

            var message = new McapMessage(walker.Content);
            var time = message.LogTimeNs;
            if (wanted[message.ChannelId] && (query.FromNs is not { } from || time >= from) && (query.UntilNs is not { } until || time < until))
            {
                sorted &= time >= last;
                last = time;
                _messages.Add((time, walker.End - walker.Content.Length, walker.Content.Length));
            }
        }

        if (!sorted)
        {
            _messages.Sort(); // by time, then by place
        }

        return _messages.Count > 0;
    }

    public void Dispose() => _contents.Dispose();

    private (McapProblemKind Kind, string What)? Fill(McapChunkIndex index, bool run)
    {
        if (index.ChunkLength < McapFormat.RecordHeadBytes || index.ChunkLength - McapFormat.RecordHeadBytes > (ulong)options.MaxRecordBytes)
        {
            return (McapProblemKind.TooLarge, $"the index names a chunk of {index.ChunkLength} bytes; at most {options.MaxRecordBytes} are taken");
        }

        var length = (int)index.ChunkLength;
        if (_record.Length < length)
        {
            _record = new byte[length];
        }

        if (RecordAt.Fill(file, _record.AsSpan(0, length), (long)index.ChunkStartOffset) < length)
        {
            return (McapProblemKind.Cut, "the file has become shorter, or cannot be read");
        }

        if (run)
        {
            var whole = new McapChunk(index.MessageStartTimeNs, index.MessageEndTimeNs, (ulong)length, 0, "", (ulong)length);
            return _contents.Fill(whole, _record.AsMemory(0, length), cut: false);
        }

        var content = _record.AsMemory(McapFormat.RecordHeadBytes, length - McapFormat.RecordHeadBytes);
        if ((McapOpcode)_record[0] != McapOpcode.Chunk || RecordParser.ChunkHead(content.Span) is not { } chunk)
        {
            return (McapProblemKind.Malformed, "the index names a chunk that is not there");
        }

        var records = content[RecordParser.ChunkRecordsAt(content.Span)..];
        var cut = chunk.CompressedBytes > (ulong)records.Length;
        return _contents.Fill(chunk, cut ? records : records[..(int)chunk.CompressedBytes], cut);
    }
}
