using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Mcap;

/// <summary>Reads a file's header, footer and summary, and believes them only as far as they can be right.</summary>
internal static class SummaryReader
{
    private const int LongestHeader = 1 << 16;

    /// <returns>Null: there is no summary that messages could be found by; where that is damage it is among the problems.</returns>
    public static McapContents? TryRead(SafeFileHandle file, McapReaderOptions options, McapProblems problems)
    {
        var length = RandomAccess.GetLength(file);
        var contents = new McapContents(problems) { Header = Header(file) };
        Span<byte> end = stackalloc byte[McapFormat.EndBytes];
        var footerAt = length - McapFormat.EndBytes;
        if (contents.Header is null || footerAt < McapFormat.MagicBytes || RecordAt.Fill(file, end, footerAt) < end.Length || !IsEnd(end))
        {
            return null; // reading through it says what is wrong, and where
        }

        var start = BinaryPrimitives.ReadUInt64LittleEndian(end[McapFormat.RecordHeadBytes..]);
        if (start == 0)
        {
            return null;
        }

        if (start < McapFormat.MagicBytes || start > (ulong)footerAt || (ulong)footerAt - start > (ulong)options.MaxRecordBytes)
        {
            problems.Add(footerAt, McapProblemKind.Malformed, $"the Footer says that the summary begins at byte {start}; the file is read through instead");
            return null;
        }

        var summary = new byte[(int)(footerAt - (long)start)];
        if (RecordAt.Fill(file, summary, (long)start) < summary.Length)
        {
            problems.Add((long)start, McapProblemKind.Cut, "the summary cannot be read; the file is read through instead");
            return null;
        }

        var expected = BinaryPrimitives.ReadUInt32LittleEndian(end[(McapFormat.RecordHeadBytes + 16)..]);
        var crc = Crc32.Append(Crc32.Append(0, summary), end[..(McapFormat.RecordHeadBytes + 16)]);
        if (expected != 0 && crc != expected)
        {
            problems.Add((long)start, McapProblemKind.Checksum, $"the checksum of the summary is {crc:x8} and should be {expected:x8}; the file is read through instead");
            return null;
        }

        return Parse(contents, summary, (long)start, problems) && IsComplete(contents, problems, (long)start) ? contents : null;
    }

    private static bool IsEnd(ReadOnlySpan<byte> end) =>
        (McapOpcode)end[0] == McapOpcode.Footer && McapFormat.RecordLength(end) == McapFormat.FooterBytes && end[^McapFormat.MagicBytes..].SequenceEqual(McapFormat.Magic);

    private static McapHeader? Header(SafeFileHandle file)
    {
        var start = new byte[McapFormat.MagicBytes + McapFormat.RecordHeadBytes + LongestHeader];
        var read = RecordAt.Fill(file, start, 0);
        if (read < McapFormat.MagicBytes || !start.AsSpan().StartsWith(McapFormat.Magic))
        {
            return null;
        }

        var walker = new RecordWalker(start.AsSpan(0, read), McapFormat.MagicBytes);
        return walker.Next() && walker.Opcode == McapOpcode.Header ? RecordParser.Parse(McapOpcode.Header, walker.Content, out _) as McapHeader : null;
    }

    private static bool Parse(McapContents contents, ReadOnlySpan<byte> summary, long start, McapProblems problems)
    {
        var walker = new RecordWalker(summary, 0);
        while (walker.Next())
        {
            if (walker.Opcode > McapOpcode.DataEnd)
            {
                continue;
            }

            var record = RecordParser.Parse(walker.Opcode, walker.Content, out var problem);
            if (record is null)
            {
                problems.Add(start + walker.Offset, McapProblemKind.Malformed, $"a {walker.Opcode} in the summary cannot be read: {problem}; the file is read through instead");
                return false;
            }

            Enter(contents, record, start + walker.Offset);
        }

        if (walker.BrokeOff)
        {
            problems.Add(start + walker.End, McapProblemKind.Malformed, "the summary ends with bytes that are no record; the file is read through instead");
        }

        return !walker.BrokeOff;
    }

    private static void Enter(McapContents contents, McapRecord record, long offset)
    {
        switch (record)
        {
            case McapSchema schema:
                contents.Definitions.Add(schema, offset);
                break;
            case McapChannel channel:
                contents.Definitions.Add(channel, offset);
                break;
            case McapChunkIndex chunk:
                contents.Chunks.Add(chunk);
                break;
            case McapAttachmentIndex attachment:
                contents.Attachments.Add(attachment);
                break;
            case McapMetadataIndex metadata:
                contents.Metadata.Add(metadata);
                break;
            case McapStatistics statistics:
                contents.Statistics = statistics;
                break;
        }
    }

    /// <summary>Whether every message can be found by it: as many chunks as were counted, none beyond the data, and every channel of theirs known.</summary>
    private static bool IsComplete(McapContents contents, McapProblems problems, long start)
    {
        if (!Counts(contents))
        {
            return false; // a file may leave indexes out; that is no damage
        }

        foreach (var chunk in contents.Chunks)
        {
            if (chunk.ChunkStartOffset > (ulong)start || chunk.ChunkLength > (ulong)start - chunk.ChunkStartOffset || chunk.MessageStartTimeNs > chunk.MessageEndTimeNs)
            {
                problems.Add(start, McapProblemKind.Malformed, $"the summary names a chunk at byte {chunk.ChunkStartOffset} that cannot be; the file is read through instead");
                return false;
            }

            foreach (var channel in chunk.MessageIndexOffsets.Keys)
            {
                if (!contents.Definitions.Knows(channel))
                {
                    problems.Add(start, McapProblemKind.Malformed, $"the summary has no channel {channel}, which a chunk names; the file is read through instead");
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Where there are no statistics, chunk indexes are taken for all of them, as the specification promises.</summary>
    private static bool Counts(McapContents contents) => contents.Statistics is { } statistics
        ? statistics.ChunkCount == contents.Chunks.Count && (statistics.MessageCount == 0 || contents.Chunks.Count > 0)
            && statistics.AttachmentCount == contents.Attachments.Count && statistics.MetadataCount == contents.Metadata.Count
            && contents.Definitions.Channels.Count >= statistics.ChannelCount
        : contents.Chunks.Count > 0;
}
