using System.Runtime.InteropServices;

namespace Forecast.Replay.Recording;

/// <summary>What came into the ring, without its bytes.</summary>
/// <param name="Stream">Place in the session's streams.</param>
/// <param name="LogTimeNs">When it came; never less than that of the one before.</param>
internal readonly record struct RingEntry(int Length, int Stream, long LogTimeNs, long PublishTimeNs);

/// <summary>
/// A fixed piece of memory between the threads that tell the recorder something and the one that writes it: any of them adds, one takes, in the order
/// of adding. Full means refused, and counted by the caller. Adding copies under a lock and does nothing else.
/// </summary>
internal sealed class RecordingRing(int bytes)
{
    private const int HeadBytes = 24;
    private const int Skip = -1;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>((bytes + 7) & ~7, pinned: true);
    private readonly Lock _gate = new();
    private int _head;
    private int _used;
    private long _lastLogTimeNs;

    /// <summary>The message's bytes are those of <paramref name="prefix"/> and then of <paramref name="body"/>.</summary>
    /// <returns>False: there is no room.</returns>
    public bool TryAdd(int stream, long logTimeNs, long publishTimeNs, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> body)
    {
        var length = prefix.Length + body.Length;
        var size = HeadBytes + ((length + 7) & ~7);
        lock (_gate)
        {
            var at = (_head + _used) % _bytes.Length;
            var toEnd = _bytes.Length - at;
            var skipped = size > toEnd ? toEnd : 0;
            if (_used + skipped + size > _bytes.Length)
            {
                return false;
            }

            if (skipped > 0)
            {
                MemoryMarshal.Write(_bytes.AsSpan(at), Skip);
                _used += skipped;
                at = 0;
            }

            _lastLogTimeNs = Math.Max(_lastLogTimeNs, logTimeNs);
            MemoryMarshal.Write(_bytes.AsSpan(at), length);
            MemoryMarshal.Write(_bytes.AsSpan(at + 4), stream);
            MemoryMarshal.Write(_bytes.AsSpan(at + 8), _lastLogTimeNs);
            MemoryMarshal.Write(_bytes.AsSpan(at + 16), publishTimeNs);
            prefix.CopyTo(_bytes.AsSpan(at + HeadBytes));
            body.CopyTo(_bytes.AsSpan(at + HeadBytes + prefix.Length));
            _used += size;
            return true;
        }
    }

    /// <summary>The oldest entry; its bytes stay where they are until <see cref="Release"/>.</summary>
    public bool TryPeek(out RingEntry entry, out ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            if (_used > 0 && MemoryMarshal.Read<int>(_bytes.AsSpan(_head)) == Skip)
            {
                _used -= _bytes.Length - _head;
                _head = 0;
            }

            if (_used == 0)
            {
                entry = default;
                content = default;
                return false;
            }

            var head = _bytes.AsSpan(_head);
            entry = new RingEntry(
                MemoryMarshal.Read<int>(head), MemoryMarshal.Read<int>(head[4..]), MemoryMarshal.Read<long>(head[8..]), MemoryMarshal.Read<long>(head[16..]));
            content = head.Slice(HeadBytes, entry.Length);
            return true;
        }
    }

    /// <summary>Gives the room of the entry that <see cref="TryPeek"/> gave back.</summary>
    public void Release()
    {
        lock (_gate)
        {
            var size = HeadBytes + ((MemoryMarshal.Read<int>(_bytes.AsSpan(_head)) + 7) & ~7);
            _head = (_head + size) % _bytes.Length;
            _used -= size;
        }
    }
}
