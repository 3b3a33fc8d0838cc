using System.Buffers.Binary;

namespace Forecast.Adapters.Mcap;

/// <summary>What <see cref="RecordFramer.Next"/> came to.</summary>
internal enum Framed
{
    /// <summary>A record is there, whole.</summary>
    Record,

    /// <summary>The last record, of which the end is missing.</summary>
    CutRecord,

    End,
}

/// <summary>
/// Finds the records of a stream one after the other. Where a length cannot be right it looks byte by byte for the next record that can hardly be
/// anything else, and goes on there: every step consumes at least a byte, so it always ends.
/// </summary>
internal sealed class RecordFramer(SlidingInput input, McapReaderOptions options, McapProblems problems, long? length)
{
    private const int CompressionAt = McapFormat.RecordHeadBytes + McapFormat.ChunkHeadBytes;
    private const int LongestCompression = 4;

    /// <summary>How far ahead a record shows what it is.</summary>
    private const int SignatureBytes = CompressionAt + 4 + LongestCompression + 8;

    /// <summary>A message found by its looks lies within an hour of the last one.</summary>
    private const ulong NearNs = 3_600_000_000_000;

    private long _toConsume;

    public McapOpcode Opcode { get; private set; }

    /// <summary>Of the record's head in the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>Head included; of a cut record what is there.</summary>
    public long Length => McapFormat.RecordHeadBytes + (long)ContentLength;

    public int ContentLength { get; private set; }

    public ReadOnlyMemory<byte> Content => input.Memory(McapFormat.RecordHeadBytes, ContentLength);

    /// <summary>Tells messages from other bytes when the way is lost: whether a channel is known, and the log time of a message near by.</summary>
    public required Func<ushort, bool> KnowsChannel { get; init; }

    public ulong NearTimeNs { get; set; }

    /// <summary>Goes to the next record; what was read of the one before is over.</summary>
    public Framed Next()
    {
        Finish();
        while (true)
        {
            (Offset, _toConsume, ContentLength) = (input.Offset, 0, 0);
            if (!input.Ensure(McapFormat.RecordHeadBytes))
            {
                _toConsume = input.Available.Length;
                return Framed.End;
            }

            Opcode = (McapOpcode)input.Available[0];
            var claimed = McapFormat.RecordLength(input.Available);
            if (Opcode != McapOpcode.None && claimed <= (ulong)options.LimitOf(Opcode))
            {
                if (input.Ensure(McapFormat.RecordHeadBytes + (int)claimed))
                {
                    ContentLength = (int)claimed;
                    _toConsume = Length;
                    return Framed.Record;
                }

                // Messages are what a chunk that is cut short is full of.
                if (Find(input.Available[1..], atEnd: true, messages: Opcode != McapOpcode.Chunk) is var found and >= 0)
                {
                    problems.Add(Offset, McapProblemKind.Malformed, $"a record of {claimed} bytes runs over others; went on {found + 1} bytes further");
                    input.Consume(found + 1);
                    continue;
                }

                ContentLength = input.Available.Length - McapFormat.RecordHeadBytes;
                _toConsume = Length;
                return Framed.CutRecord;
            }

            if (Opcode != McapOpcode.None && length is { } whole && claimed <= (ulong)Math.Max(0, whole - Offset - McapFormat.RecordHeadBytes))
            {
                problems.Add(Offset, McapProblemKind.TooLarge, $"a record of {claimed} bytes; at most {options.LimitOf(Opcode)} are taken; skipped");
                input.Skip(McapFormat.RecordHeadBytes + (long)claimed);
                continue;
            }

            FindAnother($"no record: type 0x{(byte)Opcode:x2}, {claimed} bytes");
        }
    }

    /// <summary>Consumes the record; its content is over.</summary>
    public void Finish()
    {
        input.Skip(_toConsume);
        _toConsume = 0;
    }

    /// <summary>
    /// The record's content made no sense. If no record follows where it ends, its length is not to be trusted either, and the next is looked for inside it.
    /// </summary>
    public void Distrust(string why)
    {
        if (FollowedByRecord())
        {
            problems.Add(Offset, McapProblemKind.Malformed, $"{why}; skipped");
            return;
        }

        _toConsume = 0;
        FindAnother(why);
    }

    private bool FollowedByRecord()
    {
        var end = (int)Length;
        if (!input.Ensure(end + McapFormat.RecordHeadBytes))
        {
            return input.Available.Length == end || Opcode == McapOpcode.Footer;
        }

        var next = input.Available[end..];
        var opcode = (McapOpcode)next[0];
        return opcode is > McapOpcode.None and <= McapOpcode.DataEnd && McapFormat.RecordLength(next) <= (ulong)options.LimitOf(opcode);
    }

    private void FindAnother(string why)
    {
        var from = input.Offset;
        input.Consume(1);
        while (true)
        {
            var more = input.Ensure(SignatureBytes);
            var found = Find(input.Available, atEnd: !more, messages: true);
            if (found < 0)
            {
                // The last bytes may be the beginning of what is looked for.
                input.Consume(more ? input.Available.Length - (SignatureBytes - 1) : input.Available.Length);
            }

            if (found >= 0 || !more)
            {
                input.Consume(Math.Max(found, 0));
                problems.Add(from, McapProblemKind.Malformed, found >= 0 ? $"{why}; went on {input.Offset - from} bytes further" : $"{why}; nothing after it could be read");
                return;
            }
        }
    }

    /// <summary>Where the first record lies that can hardly be anything else; -1: nowhere.</summary>
    private int Find(ReadOnlySpan<byte> bytes, bool atEnd, bool messages)
    {
        var at = 0;
        while (true)
        {
            var step = bytes[at..].IndexOfAny((byte)McapOpcode.Chunk, (byte)McapOpcode.Message, (byte)McapOpcode.Footer);
            if (step < 0 || (!atEnd && bytes.Length - at - step < SignatureBytes))
            {
                return -1;
            }

            at += step;
            if ((messages || bytes[at] != (byte)McapOpcode.Message) && LooksRight(bytes[at..]))
            {
                return at;
            }

            at++;
        }
    }

    private bool LooksRight(ReadOnlySpan<byte> at) => (McapOpcode)at[0] switch
    {
        McapOpcode.Chunk => IsChunk(at),
        McapOpcode.Message => IsMessage(at),
        _ => at.Length >= McapFormat.EndBytes && McapFormat.RecordLength(at) == McapFormat.FooterBytes && at.Slice(McapFormat.EndBytes - McapFormat.MagicBytes, McapFormat.MagicBytes).SequenceEqual(McapFormat.Magic),
    };

    private bool IsChunk(ReadOnlySpan<byte> at)
    {
        if (at.Length < SignatureBytes - LongestCompression || McapFormat.RecordLength(at) > (ulong)options.MaxRecordBytes)
        {
            return false;
        }

        var name = BinaryPrimitives.ReadUInt32LittleEndian(at[CompressionAt..]);
        if (name > LongestCompression || at.Length < CompressionAt + 4 + (int)name + 8)
        {
            return false;
        }

        var text = at.Slice(CompressionAt + 4, (int)name);
        var records = BinaryPrimitives.ReadUInt64LittleEndian(at[(CompressionAt + 4 + (int)name)..]);
        return (text.IsEmpty || text.SequenceEqual("lz4"u8) || text.SequenceEqual("zstd"u8))
            && records + McapFormat.ChunkHeadBytes + 4 + name + 8 == McapFormat.RecordLength(at)
            && BinaryPrimitives.ReadUInt64LittleEndian(at[9..]) <= BinaryPrimitives.ReadUInt64LittleEndian(at[17..]);
    }

    private bool IsMessage(ReadOnlySpan<byte> at)
    {
        if (at.Length < McapFormat.RecordHeadBytes + McapFormat.MessageHeadBytes
            || McapFormat.RecordLength(at) is < McapFormat.MessageHeadBytes || McapFormat.RecordLength(at) > (ulong)options.MaxRecordBytes)
        {
            return false;
        }

        var message = new McapMessage(at[McapFormat.RecordHeadBytes..]);
        return KnowsChannel(message.ChannelId) && NearTimeNs != 0 && (message.LogTimeNs > NearTimeNs ? message.LogTimeNs - NearTimeNs : NearTimeNs - message.LogTimeNs) < NearNs;
    }
}
