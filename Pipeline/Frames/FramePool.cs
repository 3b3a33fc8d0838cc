namespace Forecast.Pipeline.Frames;

/// <summary>
/// A fixed number of equal slots, allocated once and pinned. Renting never allocates: no slot free means the frame is dropped
/// (<see cref="Scheduling.DropReason.PoolEmpty"/>). Safe to rent and release from any thread.
/// </summary>
public sealed class FramePool
{
    private readonly byte[][] _slots;
    private readonly int[] _generations;
    private readonly int[] _free;
    private readonly Lock _gate = new();
    private int _freeCount;

    /// <param name="slots">How many frames may be under way at once.</param>
    /// <param name="slotBytes">Bytes of one prepared picture, height x width x 3.</param>
    public FramePool(int slots, int slotBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        _slots = new byte[slots][];
        _generations = new int[slots];
        _free = new int[slots];
        for (var i = 0; i < slots; i++)
        {
            _slots[i] = GC.AllocateUninitializedArray<byte>(slotBytes, pinned: true);
            _free[i] = slots - 1 - i;
        }

        _freeCount = slots;
    }

    public int Capacity => _slots.Length;

    /// <summary>Slots that are out: at rest this is 0, which shutdown asserts.</summary>
    public int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return _slots.Length - _freeCount;
            }
        }
    }

    public bool TryRent(out FrameLease lease)
    {
        lock (_gate)
        {
            if (_freeCount == 0)
            {
                lease = default;
                return false;
            }

            var slot = _free[--_freeCount];
            lease = new FrameLease(this, slot, _generations[slot]);
            return true;
        }
    }

    internal Span<byte> Pixels(int slot, int generation)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _generations[slot]) != generation, typeof(FrameLease));
        return _slots[slot];
    }

    internal void Release(int slot, int generation)
    {
        lock (_gate)
        {
            if (_generations[slot] != generation)
            {
                return; // released before: a second release of a copy must not free another's frame
            }

            _generations[slot]++;
            _free[_freeCount++] = slot;
        }
    }
}

/// <summary>The right to one slot. Passing it by value hands it over: the last holder releases it, once; later uses of a copy throw.</summary>
public readonly struct FrameLease
{
    private readonly FramePool? _pool;
    private readonly int _slot;
    private readonly int _generation;

    internal FrameLease(FramePool pool, int slot, int generation)
    {
        _pool = pool;
        _slot = slot;
        _generation = generation;
    }

    public bool IsEmpty => _pool is null;

    /// <summary>The prepared picture: uint8 [height, width, 3], BGR.</summary>
    /// <exception cref="ObjectDisposedException">The slot was given back.</exception>
    public Span<byte> Pixels => _pool is null ? default : _pool.Pixels(_slot, _generation);

    public void Release() => _pool?.Release(_slot, _generation);
}
