using System.Buffers.Binary;

namespace Forecast.Adapters.Mcap;

/// <summary>A Message as it lies in the reader's buffer: borrowed until the reader reads on.</summary>
public readonly ref struct McapMessage
{
    private readonly ReadOnlySpan<byte> _content;

    /// <param name="content">At least as long as a Message's head.</param>
    internal McapMessage(ReadOnlySpan<byte> content) => _content = content;

    public ushort ChannelId => BinaryPrimitives.ReadUInt16LittleEndian(_content);

    public uint Sequence => BinaryPrimitives.ReadUInt32LittleEndian(_content[2..]);

    /// <summary>Nanoseconds.</summary>
    public ulong LogTimeNs => BinaryPrimitives.ReadUInt64LittleEndian(_content[6..]);

    /// <summary>Nanoseconds.</summary>
    public ulong PublishTimeNs => BinaryPrimitives.ReadUInt64LittleEndian(_content[14..]);

    public ReadOnlySpan<byte> Data => _content[McapFormat.MessageHeadBytes..];
}

/// <summary>A MessageIndex as it lies in the reader's buffer: borrowed until the reader reads on.</summary>
public readonly ref struct McapMessageIndex
{
    private readonly ReadOnlySpan<byte> _content;

    internal McapMessageIndex(ReadOnlySpan<byte> content) => _content = content;

    public ushort ChannelId => BinaryPrimitives.ReadUInt16LittleEndian(_content);

    public int Count => (int)(BinaryPrimitives.ReadUInt32LittleEndian(_content[2..]) / McapFormat.IndexEntryBytes);

    /// <summary>When, in nanoseconds, and where in the uncompressed chunk, in bytes.</summary>
    public (ulong LogTimeNs, ulong Offset) this[int entry]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)entry, (uint)Count);
            var at = _content[(6 + (entry * McapFormat.IndexEntryBytes))..];
            return (BinaryPrimitives.ReadUInt64LittleEndian(at), BinaryPrimitives.ReadUInt64LittleEndian(at[8..]));
        }
    }

    /// <summary>Whether the bytes are a MessageIndex: a whole number of entries, and all of them there.</summary>
    internal static bool Fits(ReadOnlySpan<byte> content)
    {
        if (content.Length < 6)
        {
            return false;
        }

        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(content[2..]);
        return bytes % McapFormat.IndexEntryBytes == 0 && bytes <= (uint)(content.Length - 6);
    }
}
