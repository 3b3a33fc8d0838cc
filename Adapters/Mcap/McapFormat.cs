using System.Buffers.Binary;

namespace Forecast.Adapters.Mcap;

/// <summary>What every part that reads or writes MCAP knows of the format.</summary>
internal static class McapFormat
{
    /// <summary>An opcode and a length.</summary>
    public const int RecordHeadBytes = 1 + 8;

    /// <summary>Of a Message, before its data: channel, sequence, log time, publish time.</summary>
    public const int MessageHeadBytes = 2 + 4 + 8 + 8;

    /// <summary>Of a Chunk, before the name of its compression.</summary>
    public const int ChunkHeadBytes = 8 + 8 + 8 + 4;

    public const int FooterBytes = 8 + 8 + 4;

    /// <summary>Of one entry of a MessageIndex: log time and offset.</summary>
    public const int IndexEntryBytes = 16;

    /// <summary>A Footer with its head, and the magic after it: how every complete file ends.</summary>
    public const int EndBytes = RecordHeadBytes + FooterBytes + MagicBytes;

    public const int MagicBytes = 8;

    public const int Channels = ushort.MaxValue + 1;

    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'M', (byte)'C', (byte)'A', (byte)'P', (byte)'0', (byte)'\r', (byte)'\n'];

    public static ulong RecordLength(ReadOnlySpan<byte> head) => BinaryPrimitives.ReadUInt64LittleEndian(head[1..]);

    /// <summary>The name in a Chunk for how its records are compressed.</summary>
    public static string NameOf(McapCompression compression) => compression switch
    {
        McapCompression.Zstd => "zstd",
        McapCompression.Lz4 => "lz4",
        _ => "",
    };
}
