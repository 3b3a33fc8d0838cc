namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// What went in and what became of it, exact at every moment. Frames of each camera: captured = used + dropped by reason + in flight.
/// Frame sets: formed = published + dropped by reason + in flight. And how often the world state began anew, and a cost was exceeded. Written under one lock, read as one consistent copy.
/// </summary>
public sealed class Ledger
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;

    private readonly Lock _gate = new();
    private readonly FrameCounts[] _cameras;
    private readonly long[] _setDrops = new long[Reasons];
    private readonly long[] _resets = new long[LedgerCopy.ResetReasons];
    private long _due;
    private long _formed;
    private long _published;
    private long _onTime;
    private long _costViolations;

    public Ledger(int cameras)
    {
        _cameras = new FrameCounts[cameras];
        for (var i = 0; i < cameras; i++)
        {
            _cameras[i] = new FrameCounts();
        }
    }

    public int Cameras => _cameras.Length;

    /// <summary>Frame sets that came to their end, published or dropped.</summary>
    public long SetsDone
    {
        get
        {
            lock (_gate)
            {
                var done = _published;
                foreach (var dropped in _setDrops)
                {
                    done += dropped;
                }

                return done;
            }
        }
    }

    /// <summary>So many ticks have passed in each of which the rig should have given a frame set.</summary>
    public void TickDue(long ticks = 1)
    {
        lock (_gate)
        {
            _due += ticks;
        }
    }

    public void FrameCaptured(int camera)
    {
        lock (_gate)
        {
            _cameras[camera].Captured++;
        }
    }

    public void FrameUsed(int camera)
    {
        lock (_gate)
        {
            _cameras[camera].Used++;
        }
    }

    public void FrameDropped(int camera, DropReason reason)
    {
        lock (_gate)
        {
            _cameras[camera].Dropped[(int)reason]++;
        }
    }

    public void SetFormed()
    {
        lock (_gate)
        {
            _formed++;
        }
    }

    public void SetPublished(bool validAndOnTime)
    {
        lock (_gate)
        {
            _published++;
            _onTime += validAndOnTime ? 1 : 0;
        }
    }

    public void SetDropped(DropReason reason)
    {
        lock (_gate)
        {
            _setDrops[(int)reason]++;
        }
    }

    /// <summary>From its dispatch until it was handed over a set took longer than its cost said.</summary>
    public void CostViolated()
    {
        lock (_gate)
        {
            _costViolations++;
        }
    }

    /// <summary>The world state went back to the initial one.</summary>
    public void StateReset(ResetReason reason)
    {
        lock (_gate)
        {
            _resets[(int)reason]++;
        }
    }

    /// <summary>Copies every count at one moment into <paramref name="copy"/>; allocates nothing.</summary>
    public void CopyTo(LedgerCopy copy)
    {
        lock (_gate)
        {
            copy.Due = _due;
            copy.Formed = _formed;
            copy.Published = _published;
            copy.OnTime = _onTime;
            copy.CostViolations = _costViolations;
            _setDrops.CopyTo(copy.SetDrops, 0);
            _resets.CopyTo(copy.Resets, 0);
            for (var i = 0; i < _cameras.Length; i++)
            {
                copy.Cameras[i].Captured = _cameras[i].Captured;
                copy.Cameras[i].Used = _cameras[i].Used;
                _cameras[i].Dropped.CopyTo(copy.Cameras[i].Dropped, 0);
            }
        }
    }

    public LedgerCopy Copy()
    {
        var copy = new LedgerCopy(_cameras.Length);
        CopyTo(copy);
        return copy;
    }
}

/// <summary>The ledger as it stood at one moment.</summary>
public sealed class LedgerCopy
{
    internal static readonly int ResetReasons = Enum.GetValues<ResetReason>().Length;
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;

    public LedgerCopy(int cameras)
    {
        Cameras = new FrameCounts[cameras];
        for (var i = 0; i < cameras; i++)
        {
            Cameras[i] = new FrameCounts();
        }
    }

    /// <summary>Ticks in which the rig should have given a frame set.</summary>
    public long Due { get; set; }

    public long Formed { get; set; }

    public long Published { get; set; }

    /// <summary>Of the published: valid or degraded, and before the deadline.</summary>
    public long OnTime { get; set; }

    /// <summary>Sets that took longer than their cost said: the assumption of docs/deadlines.md did not hold.</summary>
    public long CostViolations { get; set; }

    /// <summary>By <see cref="DropReason"/>.</summary>
    public long[] SetDrops { get; } = new long[Reasons];

    /// <summary>Times that the world state went back to the initial one after the first start, by <see cref="ResetReason"/>.</summary>
    public long[] Resets { get; } = new long[ResetReasons];

    public FrameCounts[] Cameras { get; }

    public long SetsInFlight => Formed - Published - SetDrops.Sum();
}

/// <summary>One camera's frames.</summary>
public sealed class FrameCounts
{
    public long Captured { get; set; }

    public long Used { get; set; }

    /// <summary>By <see cref="DropReason"/>.</summary>
    public long[] Dropped { get; } = new long[Enum.GetValues<DropReason>().Length];

    public long InFlight => Captured - Used - Dropped.Sum();
}
