namespace Forecast.Replay.Faults;

/// <summary>Which of one thing's faults hold now. Asked from that thing's own thread.</summary>
internal sealed class FaultSchedule(IReadOnlyList<Fault> faults, FaultTimer timer, Action<TimeSpan> wait)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(10);

    public bool Has(FaultKind kind) => faults.Any(fault => fault.Kind == kind);

    /// <summary>The first fault of this kind that holds now; null when none does.</summary>
    public Fault? Now(FaultKind kind)
    {
        foreach (var fault in faults)
        {
            if (fault.Kind == kind && fault.HoldsAt(timer.Elapsed))
            {
                return fault;
            }
        }

        return null;
    }

    public bool Holds(FaultKind kind) => Now(kind) is not null;

    /// <summary>Returns when no fault <see cref="FaultKind.Hung"/> holds any more, and nothing makes it return before.</summary>
    public void Hang()
    {
        while (Holds(FaultKind.Hung))
        {
            wait(Slice);
        }
    }

    public void BeSlow()
    {
        if (Now(FaultKind.Slow) is { } slow)
        {
            wait(TimeSpan.FromSeconds(slow.Value));
        }
    }
}

/// <summary>Time since the cameras were opened; before that every fault is yet to come.</summary>
internal sealed class FaultTimer(TimeProvider time)
{
    private long _began = long.MinValue;

    public TimeSpan Elapsed => Interlocked.Read(ref _began) is var began and not long.MinValue ? time.GetElapsedTime(began) : TimeSpan.MinValue;

    public void Begin() => Interlocked.Exchange(ref _began, time.GetTimestamp());
}
