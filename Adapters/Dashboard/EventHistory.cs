using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Forecast.Adapters.Dashboard;

/// <summary>
/// The newest events of a run, ready to be sent, in one block that is allocated once: bounded in number and in bytes, whatever readers do. A
/// page that comes late gets what is here, one that is slow misses what has gone.
/// </summary>
public sealed class EventHistory(int mostEvents, int mostBytes)
{
    private readonly byte[] _block = GC.AllocateUninitializedArray<byte>(mostBytes);
    private readonly (int Start, int Length)[] _events = new (int, int)[mostEvents];
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, byte[]> _standing = [];
    private string _run = "";
    private long _first;
    private long _next;
    private int _end;

    /// <summary>Events that were added to this run.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _next;
            }
        }
    }

    /// <summary>A new run: what was there is forgotten, and every page begins anew.</summary>
    public void Begin(string run)
    {
        lock (_gate)
        {
            _run = run;
            (_first, _next, _end) = (0, 0, 0);
            _standing.Clear();
        }
    }

    /// <summary>The newest event; the oldest make room for it. One that is larger than all the room is not kept.</summary>
    /// <param name="json">On one line.</param>
    public void Add(string kind, ReadOnlySpan<byte> json)
    {
        lock (_gate)
        {
            Span<byte> head = stackalloc byte[128];
            Utf8.TryWrite(head, CultureInfo.InvariantCulture, $"id: {_run}.{_next}\nevent: {kind}\ndata: ", out var headLength);
            var length = headLength + json.Length + 2;
            if (length > _block.Length)
            {
                return;
            }

            var start = MakeRoom(length);
            head[..headLength].CopyTo(_block.AsSpan(start));
            json.CopyTo(_block.AsSpan(start + headLength));
            "\n\n"u8.CopyTo(_block.AsSpan(start + headLength + json.Length));
            _events[_next % mostEvents] = (start, length);
            _end = start + length;
            _next++;
        }
    }

    /// <summary>An event that every page is told first, the newest of its place only; and added, so that pages that are here hear of it.</summary>
    public void AddStanding(int place, string kind, ReadOnlySpan<byte> json)
    {
        var text = new byte[json.Length + kind.Length + 16];
        var length = Encoding.UTF8.GetBytes($"event: {kind}\ndata: ", text);
        json.CopyTo(text.AsSpan(length));
        "\n\n"u8.CopyTo(text.AsSpan(length + json.Length));
        Add(kind, json);
        lock (_gate)
        {
            _standing[place] = text[..(length + json.Length + 2)];
        }
    }

    /// <summary>What a page is told first, and where it goes on reading: after <paramref name="lastId"/> where that is of this run and still here, else at the oldest.</summary>
    public HistoryCursor Open(string? lastId, IBufferWriter<byte> into)
    {
        lock (_gate)
        {
            foreach (var text in _standing.Values)
            {
                into.Write(text);
            }

            var next = _first;
            if (lastId is not null && lastId.StartsWith(_run + ".", StringComparison.Ordinal)
                && long.TryParse(lastId.AsSpan(_run.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < _next)
            {
                next = Math.Max(_first, last + 1);
            }

            return new HistoryCursor(_run, next);
        }
    }

    /// <summary>Copies events from the cursor on, until about <paramref name="enough"/> bytes; nothing when there are none.</summary>
    /// <param name="missed">Events that had gone before they were read.</param>
    public HistoryCursor Read(HistoryCursor cursor, IBufferWriter<byte> into, int enough, out long missed)
    {
        lock (_gate)
        {
            missed = 0;
            if (cursor.Run != _run)
            {
                return Open(null, into);
            }

            var next = cursor.Next;
            if (next < _first)
            {
                missed = _first - next;
                next = _first;
            }

            for (var bytes = 0; next < _next && bytes < enough; next++)
            {
                var (start, length) = _events[next % mostEvents];
                into.Write(_block.AsSpan(start, length));
                bytes += length;
            }

            return cursor with { Next = next };
        }
    }

    /// <summary>A stretch of the block that no event lies in any more: after the newest, or from the beginning where the end is too near.</summary>
    private int MakeRoom(int length)
    {
        if (_next - _first == mostEvents)
        {
            _first++;
        }

        var start = _end;
        if (start + length > _block.Length)
        {
            while (_first < _next && _events[_first % mostEvents].Start >= start)
            {
                _first++;
            }

            start = 0;
        }

        while (_first < _next && _events[_first % mostEvents] is var oldest && oldest.Start >= start && oldest.Start < start + length)
        {
            _first++;
        }

        return start;
    }
}

/// <summary>Where one page reads on.</summary>
public readonly record struct HistoryCursor(string Run, long Next);
