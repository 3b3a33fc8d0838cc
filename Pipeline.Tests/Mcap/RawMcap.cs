using System.Buffers.Binary;
using Forecast.Adapters.Mcap;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>Files put together record by record, right ones and wrong ones.</summary>
internal sealed class RawMcap
{
    private readonly MemoryStream _bytes = new();

    public RawMcap() => _bytes.Write([0x89, (byte)'M', (byte)'C', (byte)'A', (byte)'P', (byte)'0', (byte)'\r', (byte)'\n']);

    public int Length => (int)_bytes.Length;

    public static byte[] RecordOf(byte opcode, params byte[] content) => [opcode, .. U64((ulong)content.Length), .. content];

    public static byte[] Message(ushort channel, ulong logTimeNs, ReadOnlySpan<byte> data) =>
        RecordOf(5, [.. U16(channel), .. U32(1), .. U64(logTimeNs), .. U64(logTimeNs), .. data]);

    /// <summary>The same content, without chunks, indexes and summary.</summary>
    public static byte[] Unchunked(byte[] file)
    {
        var raw = new RawMcap();
        var walker = new RecordWalker(file, 8);
        while (walker.Next() && walker.Opcode != McapOpcode.DataEnd)
        {
            if (walker.Opcode == McapOpcode.Chunk)
            {
                raw._bytes.Write(walker.Content[40..]); // uncompressed: 8 + 8 + 8 + 4 + 4 + 0 + 8
            }
            else if (walker.Opcode != McapOpcode.MessageIndex)
            {
                raw.Record((byte)walker.Opcode, walker.Content.ToArray());
            }
        }

        return raw.DataEnd().End();
    }

    /// <summary>The same file; its summary has no statistics, no offsets and no checksum.</summary>
    public static byte[] WithoutStatistics(byte[] file)
    {
        var walker = new RecordWalker(file, 8);
        while (walker.Next() && walker.Opcode != McapOpcode.DataEnd)
        {
        }

        var raw = new RawMcap().Raw(file[8..walker.End]);
        var start = (ulong)raw.Length;
        while (walker.Next() && walker.Opcode != McapOpcode.Footer)
        {
            if (walker.Opcode is not McapOpcode.Statistics and not McapOpcode.SummaryOffset)
            {
                raw.Record((byte)walker.Opcode, walker.Content.ToArray());
            }
        }

        return raw.End(start);
    }

    public RawMcap Record(byte opcode, params byte[] content)
    {
        _bytes.Write(RecordOf(opcode, content));
        return this;
    }

    public RawMcap Raw(params byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public RawMcap Header() => Record(1, [.. U32(0), .. U32(0)]);

    /// <summary>Schema 1 and channel 1 of it, topic "/t".</summary>
    public RawMcap SchemaAndChannel() => Record(3, [.. U16(1), .. Text("S"), .. Text("json"), .. U32(0)]).Record(4, [.. U16(1), .. U16(1), .. Text("/t"), .. Text("json"), .. U32(0)]);

    public RawMcap AddMessage(ushort channel, ulong logTimeNs, ReadOnlySpan<byte> data) => Raw(Message(channel, logTimeNs, data));

    public RawMcap Chunk(string compression, params byte[][] records)
    {
        byte[] all = [.. records.SelectMany(record => record)];
        return Chunk(compression, (ulong)all.Length, Crc32.Append(0, all), all);
    }

    public RawMcap Chunk(string compression, ulong uncompressedBytes, uint crc, byte[] stored) =>
        Record(6, [.. U64(0), .. U64(ulong.MaxValue), .. U64(uncompressedBytes), .. U32(crc), .. Text(compression), .. U64((ulong)stored.Length), .. stored]);

    public RawMcap DataEnd() => Record(15, U32(Crc32.Append(0, _bytes.ToArray())));

    public byte[] End(ulong summaryStart = 0)
    {
        Record(2, [.. U64(summaryStart), .. U64(0), .. U32(0)]);
        _bytes.Write(_bytes.ToArray().AsSpan(0, 8));
        return _bytes.ToArray();
    }

    public static byte[] Text(string text) => [.. U32((uint)text.Length), .. System.Text.Encoding.UTF8.GetBytes(text)];

    public static byte[] U16(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] U64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
