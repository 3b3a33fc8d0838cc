namespace Forecast.Replay.Faults;

/// <summary>A machine whose wall clock is set while the run goes on; its monotonic counter, by which decisions are made, is left alone.</summary>
internal sealed class SteppedTime(TimeProvider time, IReadOnlyList<Fault> steps, FaultTimer timer) : TimeProvider
{
    public override long TimestampFrequency => time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long GetTimestamp() => time.GetTimestamp();

    public override DateTimeOffset GetUtcNow()
    {
        var elapsed = timer.Elapsed;
        var seconds = steps.Where(step => step.HoldsAt(elapsed)).Sum(step => step.Value);
        return time.GetUtcNow() + TimeSpan.FromSeconds(seconds);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
