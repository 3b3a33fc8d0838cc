namespace Forecast.Adapters.Mcap;

/// <summary>
/// Writes an MCAP file, https://mcap.dev/spec: chunks with checksums, message indexes, attachments, metadata, and a summary with statistics and offsets.
/// Schemas and channels lie outside of chunks, so that no damaged chunk takes them along. What is written reaches the system chunk by chunk: after a
/// crash everything but the open chunk can be read. In steady state a message allocates nothing; memory grows with the number of chunks alone, by some
/// 80 bytes each and 10 for each channel in it. One thread at a time.
/// </summary>
public sealed class McapWriter : IDisposable
{
    private readonly McapWriterOptions _options;
    private readonly McapOutput _output;
    private readonly TimeProvider _clock;
    private readonly ChunkBuilder _chunk;
    private readonly McapSummary _summary = new();
    private readonly RecordBuffer _record = new(1 << 10);
    private long _chunkBegun;
    private bool _finished;

    /// <param name="destination">Written forwards only; owned, whatever comes.</param>
    /// <param name="name">The file's, for messages.</param>
    /// <param name="clock">Measures a chunk's age, and nothing else.</param>
    /// <exception cref="McapWriteException">Not even the beginning could be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="DllNotFoundException">The compression's library is not installed.</exception>
    public McapWriter(Stream destination, string name, McapWriterOptions options, TimeProvider clock)
    {
        (_options, _clock, _output) = (options, clock, new McapOutput(destination, name));
        try
        {
            options.Validate();
            _chunk = new ChunkBuilder(options);
            _output.Write(McapFormat.Magic);
            var header = _record.Begin(McapOpcode.Header);
            _record.Text(options.Profile).Text(options.Library).End(header);
            WriteRecord();
        }
        catch
        {
            _chunk?.Dispose();
            _output.Dispose();
            throw;
        }
    }

    /// <summary>Why the file ended early; null: nothing is wrong.</summary>
    public McapWriteException? Failure => _output.Failure;

    /// <summary>Bytes in the file so far, without the open chunk.</summary>
    public long Bytes => _output.Position;

    /// <summary>A file that is not there yet.</summary>
    /// <exception cref="IOException">It is there already, or its folder is not.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static McapWriter Create(string path, McapWriterOptions options, TimeProvider clock) =>
        // Chunks are large: a buffer of the stream's own would only be another copy, and lost in a crash.
        new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0), path, options, clock);

    /// <param name="name">What the encoding calls it; of protobuf the message's full name.</param>
    /// <param name="encoding">Of the well-known ones; empty: <paramref name="data"/> is too.</param>
    /// <returns>The schema's id.</returns>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public ushort AddSchema(string name, string encoding, ReadOnlySpan<byte> data)
    {
        RefuseFinished();
        var id = _summary.NextSchema();
        var begun = _record.Begin(McapOpcode.Schema);
        _record.U16(id).Text(name).Text(encoding).U32((uint)data.Length).Raw(data).End(begun);
        _summary.Schemas.Raw(_record.Written);
        WriteRecord();
        return id;
    }

    /// <param name="schema">From <see cref="AddSchema"/>; 0: none.</param>
    /// <returns>The channel's id.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such schema.</exception>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public ushort AddChannel(string topic, string messageEncoding, ushort schema, IReadOnlyDictionary<string, string> metadata)
    {
        RefuseFinished();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(schema, _summary.SchemaCount);
        var id = _summary.NextChannel();
        var begun = _record.Begin(McapOpcode.Channel);
        _record.U16(id).U16(schema).Text(topic).Text(messageEncoding).TextMap(metadata).End(begun);
        _summary.Channels.Raw(_record.Written);
        _chunk.AddChannel();
        WriteRecord();
        return id;
    }

    /// <summary>Takes a message into the open chunk, and closes that when it is large or old enough.</summary>
    /// <param name="channel">From <see cref="AddChannel"/>.</param>
    /// <param name="publishTimeNs">Where not known, the log time.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such channel, or the message is longer than <see cref="McapWriterOptions.MaxMessageBytes"/>.</exception>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public void Write(ushort channel, uint sequence, ulong logTimeNs, ulong publishTimeNs, ReadOnlySpan<byte> data)
    {
        RefuseFinished();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(channel, _summary.ChannelCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, _options.MaxMessageBytes);
        if (_chunk.Bytes > 0 && !_chunk.HasRoomFor(data.Length))
        {
            CloseChunk();
        }

        if (_chunk.Bytes == 0)
        {
            _chunkBegun = _clock.GetTimestamp();
        }

        _chunk.Add(channel, sequence, logTimeNs, publishTimeNs, data);
        _summary.Count(channel, logTimeNs);
        if (_chunk.IsFull)
        {
            CloseChunk();
        }
        else
        {
            CloseChunkIfDue();
        }
    }

    /// <summary>Closes the open chunk if it is old enough. To be called now and then while no messages come, or a crash loses more than it need.</summary>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public void CloseChunkIfDue()
    {
        if (_chunk.Bytes > 0 && _clock.GetElapsedTime(_chunkBegun) >= _options.ChunkAge)
        {
            CloseChunk();
        }
    }

    /// <summary>Writes the open chunk, if there is one, with its indexes.</summary>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public void CloseChunk()
    {
        RefuseFinished();
        if (_chunk.Bytes > 0)
        {
            _chunk.Close(_output, _summary);
            _output.Flush();
        }
    }

    /// <param name="createTimeNs">0: not known.</param>
    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public void AddAttachment(ulong logTimeNs, ulong createTimeNs, string name, string mediaType, ReadOnlySpan<byte> data)
    {
        RefuseFinished();
        var at = (ulong)_output.Position;
        _record.U64(logTimeNs).U64(createTimeNs).Text(name).Text(mediaType).U64((ulong)data.Length);
        var crc = Crc32.Append(Crc32.Append(0, _record.Written), data);
        var length = (ulong)_record.Length + (ulong)data.Length + 4;
        WriteHead(McapOpcode.Attachment, length);
        WriteRecord();
        _output.Write(data);
        _record.U32(crc);
        WriteRecord();
        _summary.AddAttachment(at, McapFormat.RecordHeadBytes + length, logTimeNs, createTimeNs, (ulong)data.Length, name, mediaType);
    }

    /// <exception cref="McapWriteException">The file cannot be written any further.</exception>
    public void AddMetadata(string name, IReadOnlyDictionary<string, string> values)
    {
        RefuseFinished();
        var at = (ulong)_output.Position;
        var begun = _record.Begin(McapOpcode.Metadata);
        _record.Text(name).TextMap(values).End(begun);
        _summary.AddMetadata(at, (ulong)_record.Length, name);
        WriteRecord();
    }

    /// <summary>Closes the open chunk and writes the summary. Nothing can be added afterwards.</summary>
    /// <exception cref="McapWriteException">The file cannot be written any further; what is there is read as after a crash.</exception>
    public void Finish()
    {
        CloseChunk();
        _finished = true;
        _record.Clear();
        var end = _record.Begin(McapOpcode.DataEnd);
        _record.U32(_output.Crc).End(end);
        WriteRecord();
        _output.RestartCrc();
        _summary.Write(_output);
        _output.Write(McapFormat.Magic);
        _output.Flush();
    }

    /// <summary>Finishes the file if that has not been done. A write error in doing so is left in <see cref="Failure"/>: it must not hide the one that led here.</summary>
    public void Dispose()
    {
        if (!_finished && Failure is null)
        {
            try
            {
                Finish();
            }
            catch (McapWriteException)
            {
                // It is in Failure.
            }
        }

        _finished = true;
        _chunk.Dispose();
        _output.Dispose();
    }

    private void WriteHead(McapOpcode opcode, ulong length)
    {
        Span<byte> head = stackalloc byte[McapFormat.RecordHeadBytes];
        head[0] = (byte)opcode;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(head[1..], length);
        _output.Write(head);
    }

    private void WriteRecord()
    {
        try
        {
            _output.Write(_record.Written);
        }
        finally
        {
            _record.Clear();
        }
    }

    private void RefuseFinished()
    {
        if (Failure is { } failure)
        {
            throw failure;
        }

        if (_finished)
        {
            throw new InvalidOperationException("the file is finished; nothing can be added to it");
        }
    }
}
