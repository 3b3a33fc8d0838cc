using System.Buffers.Binary;
using Forecast.Adapters.Compression;

namespace Forecast.Adapters.Mcap;

/// <summary>The open chunk of a file: its records and message indexes, in memory that every chunk uses again.</summary>
internal sealed class ChunkBuilder : IDisposable
{
    private const int MessageRecordBytes = McapFormat.RecordHeadBytes + McapFormat.MessageHeadBytes;

    /// <summary>Fast: recording runs beside a pipeline that has a deadline.</summary>
    private const int ZstdLevel = 1;

    private readonly McapWriterOptions _options;
    private readonly IFrameEncoder? _encoder;
    private readonly RecordBuffer _records;
    private readonly RecordBuffer _indexes = new(1 << 12);
    private readonly RecordBuffer _head = new(64);
    private readonly List<RecordBuffer> _entries = [];
    private readonly List<ushort> _channels = [];
    private byte[] _compressed;
    private ulong _firstNs = ulong.MaxValue;
    private ulong _lastNs;

    /// <exception cref="DllNotFoundException">The compression's library is not installed.</exception>
    public ChunkBuilder(McapWriterOptions options)
    {
        _options = options;
        _records = new RecordBuffer(options.ChunkBytes);
        _encoder = options.Compression switch
        {
            McapCompression.Zstd => new ZstdEncoder(ZstdLevel),
            McapCompression.Lz4 => new Lz4Encoder(),
            _ => null,
        };
        _compressed = new byte[_encoder?.Bound(options.ChunkBytes) ?? 0];
    }

    /// <summary>Of the records so far, uncompressed.</summary>
    public int Bytes => _records.Length;

    public bool IsFull => _records.Length >= _options.ChunkBytes;

    public bool HasRoomFor(int dataBytes) => _records.Length + (long)MessageRecordBytes + dataBytes <= _options.ChunkBytes;

    /// <summary>Room for the index of the next channel id.</summary>
    public void AddChannel() => _entries.Add(new RecordBuffer(McapFormat.IndexEntryBytes));

    public void Add(ushort channel, uint sequence, ulong logTimeNs, ulong publishTimeNs, ReadOnlySpan<byte> data)
    {
        var entries = _entries[channel];
        if (entries.Length == 0)
        {
            _channels.Add(channel);
        }

        var entry = entries.Take(McapFormat.IndexEntryBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, logTimeNs);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], (ulong)_records.Length);

        var record = _records.Take(MessageRecordBytes + data.Length);
        record[0] = (byte)McapOpcode.Message;
        BinaryPrimitives.WriteUInt64LittleEndian(record[1..], (ulong)(McapFormat.MessageHeadBytes + data.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(record[9..], channel);
        BinaryPrimitives.WriteUInt32LittleEndian(record[11..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(record[15..], logTimeNs);
        BinaryPrimitives.WriteUInt64LittleEndian(record[23..], publishTimeNs);
        data.CopyTo(record[MessageRecordBytes..]);
        _firstNs = Math.Min(_firstNs, logTimeNs);
        _lastNs = Math.Max(_lastNs, logTimeNs);
    }

    /// <summary>Writes the chunk and its message indexes, notes it in the summary, and begins the next. Not for a chunk without messages.</summary>
    public void Close(McapOutput output, McapSummary summary)
    {
        try
        {
            var crc = Crc32.Append(0, _records.Written);
            var stored = Compress(out var compression);
            var start = output.Position;
            var name = McapFormat.NameOf(compression);
            var begun = _head.Begin(McapOpcode.Chunk);
            _head.U64(_firstNs).U64(_lastNs).U64((ulong)_records.Length).U32(crc).Text(name).U64((ulong)stored.Length);
            var length = (ulong)(_head.Length - begun + stored.Length);
            _head.SetLength(begun, length);
            output.Write(_head.Written);
            output.Write(stored);

            var indexesAt = (ulong)output.Position;
            var index = summary.BeginChunk(_firstNs, _lastNs, (ulong)start, McapFormat.RecordHeadBytes + length);
            foreach (var channel in _channels)
            {
                summary.AddChunkChannel(channel, indexesAt + (ulong)_indexes.Length);
                var record = _indexes.Begin(McapOpcode.MessageIndex);
                _indexes.U16(channel).U32((uint)_entries[channel].Length).Raw(_entries[channel].Written).End(record);
            }

            summary.EndChunk(index, (ulong)_indexes.Length, name, (ulong)stored.Length, (ulong)_records.Length);
            output.Write(_indexes.Written);
        }
        finally
        {
            Clear();
        }
    }

    public void Dispose() => _encoder?.Dispose();

    /// <summary>As it goes into the file: where compressing does not make it smaller, as it is.</summary>
    private ReadOnlySpan<byte> Compress(out McapCompression compression)
    {
        if (_encoder is not null)
        {
            var bound = _encoder.Bound(_records.Length);
            if (_compressed.Length < bound)
            {
                _compressed = new byte[bound];
            }

            var length = _encoder.Encode(_records.Written, _compressed);
            if (length < _records.Length)
            {
                compression = _options.Compression;
                return _compressed.AsSpan(0, length);
            }
        }

        compression = McapCompression.None;
        return _records.Written;
    }

    private void Clear()
    {
        foreach (var channel in _channels)
        {
            _entries[channel].Clear();
        }

        _channels.Clear();
        _records.Clear();
        _indexes.Clear();
        _head.Clear();
        (_firstNs, _lastNs) = (ulong.MaxValue, 0);
    }
}
