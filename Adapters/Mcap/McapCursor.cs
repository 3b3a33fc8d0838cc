using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Mcap;

/// <summary>
/// Goes through the messages of an <see cref="McapFile"/> in order of log time. Chunks that overlap in time are open together, and no others. Damage is
/// named in the file's problems and passed over. One thread at a time.
/// </summary>
public sealed class McapCursor : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly McapReaderOptions _options;
    private readonly McapContents _contents;
    private readonly McapQuery _query;
    private readonly McapProblems _problems;
    private readonly bool[] _wanted = new bool[McapFormat.Channels];
    private readonly McapChunkIndex[] _chunks;
    private readonly PriorityQueue<OpenChunk, (ulong TimeNs, ulong Offset)> _open = new();
    private readonly Stack<OpenChunk> _spare = new();
    private OpenChunk? _current;
    private int _next;

    internal McapCursor(SafeFileHandle file, McapReaderOptions options, McapContents contents, McapQuery query, McapProblems problems)
    {
        (_file, _options, _contents, _query, _problems) = (file, options, contents, query, problems);
        foreach (var channel in contents.Definitions.Channels.Values)
        {
            _wanted[channel.Id] = query.Topics is not { } topics || topics.Contains(channel.Topic);
        }

        _chunks = [.. contents.Chunks.Where(Matters).OrderBy(chunk => chunk.MessageStartTimeNs).ThenBy(chunk => chunk.ChunkStartOffset)];
    }

    /// <summary>The message that <see cref="Read"/> came to.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public McapMessage Message => _current is { } chunk ? chunk.Message : throw new InvalidOperationException("no message has been read");

    /// <summary>The message's channel.</summary>
    /// <exception cref="InvalidOperationException">There is no message.</exception>
    public McapChannel Channel => _contents.Definitions.Channels[Message.ChannelId];

    /// <summary>Goes to the next message; what was borrowed of the one before is over.</summary>
    /// <returns>False: there are no more.</returns>
    /// <exception cref="McapFormatException">More chunks overlap in time than <see cref="McapReaderOptions.MaxOpenBytes"/> has room for.</exception>
    public bool Read()
    {
        if (_current is { } before && !before.GoOn())
        {
            _current = null;
            _spare.Push(before);
        }

        while (_next < _chunks.Length && _chunks[_next].MessageStartTimeNs <= EarliestNs())
        {
            Open(_chunks[_next++]);
        }

        if (_current is { } current && _open.TryPeek(out _, out var other) && other.CompareTo(current.Order) < 0)
        {
            _current = _open.EnqueueDequeue(current, current.Order);
        }

        if (_current is null && _open.TryDequeue(out var next, out _))
        {
            _current = next;
        }

        return _current is not null;
    }

    public void Dispose()
    {
        _current?.Dispose();
        foreach (var chunk in _spare)
        {
            chunk.Dispose();
        }

        foreach (var (chunk, _) in _open.UnorderedItems)
        {
            chunk.Dispose();
        }

        (_current, _next) = (null, _chunks.Length);
        _spare.Clear();
        _open.Clear();
    }

    private bool Matters(McapChunkIndex chunk) =>
        (_query.FromNs is not { } from || chunk.MessageEndTimeNs >= from)
        && (_query.UntilNs is not { } until || chunk.MessageStartTimeNs < until)
        && (chunk.MessageIndexOffsets.Count == 0 || chunk.MessageIndexOffsets.Keys.Any(channel => _wanted[channel]));

    /// <summary>When the next message is, as far as chunks are open.</summary>
    private ulong EarliestNs()
    {
        var time = _open.TryPeek(out _, out var order) ? order.TimeNs : ulong.MaxValue;
        return _current is { } chunk ? Math.Min(time, chunk.Order.TimeNs) : time;
    }

    private void Open(McapChunkIndex index)
    {
        var held = index.UncompressedBytes + (_current?.HeldBytes ?? 0UL);
        foreach (var (open, _) in _open.UnorderedItems)
        {
            held += open.HeldBytes;
        }

        if (held > (ulong)_options.MaxOpenBytes)
        {
            throw new McapFormatException(
                $"{_open.Count + 1} chunks overlap at log time {index.MessageStartTimeNs} ns, which needs {held} bytes; allowed are {_options.MaxOpenBytes}. Read the file in its own order instead");
        }

        var chunk = _spare.TryPop(out var spare) ? spare : new OpenChunk(_file, _options);
        if (chunk.Load(index, _contents.Runs.Contains(index.ChunkStartOffset), _wanted, _query, _problems))
        {
            _open.Enqueue(chunk, chunk.Order);
        }
        else
        {
            _spare.Push(chunk);
        }
    }
}
