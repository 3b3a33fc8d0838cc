namespace Forecast.Pipeline.Tests;

/// <summary>Time moved by hand: counters, the wall clock and timers move on with <see cref="Advance"/>, and only then.</summary>
internal sealed class TestTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<HandTimer> _timers = [];
    private long _nanoseconds;

    public TestTimeProvider(long startNanoseconds = 1_000_000_000_000) => _nanoseconds = startNanoseconds;

    /// <summary>Added to the wall clock only, as when somebody sets it.</summary>
    public TimeSpan WallClockStep { get; set; }

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => Interlocked.Read(ref _nanoseconds);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(GetTimestamp() / 100) + WallClockStep;

    public void Advance(TimeSpan span)
    {
        Interlocked.Add(ref _nanoseconds, span.Ticks * 100);
        HandTimer[] due;
        lock (_gate)
        {
            due = [.. _timers.Where(timer => timer.Due <= GetTimestamp())];
        }

        foreach (var timer in due)
        {
            timer.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HandTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class HandTimer(TestTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Due { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : owner.GetTimestamp() + (dueTime.Ticks * 100);
                if (!owner._timers.Contains(this))
                {
                    owner._timers.Add(this);
                }
            }

            return true;
        }

        public void Fire()
        {
            Due = _period > TimeSpan.Zero ? Due + (_period.Ticks * 100) : long.MaxValue;
            callback(state);
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
