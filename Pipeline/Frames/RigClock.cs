namespace Forecast.Pipeline.Frames;

/// <summary>
/// The decision clock: Unix nanoseconds anchored once at the start and carried on by the monotonic counter, so that a step
/// of the machine's wall clock moves no deadline.
/// </summary>
public sealed class RigClock
{
    private readonly TimeProvider _time;
    private readonly long _anchorCounter;
    private readonly long _anchorNanoseconds;
    private readonly double _nanosecondsPerCount;

    public RigClock(TimeProvider time)
    {
        _time = time;
        _nanosecondsPerCount = (double)Timestamp.NanosecondsPerSecond / time.TimestampFrequency;
        _anchorCounter = time.GetTimestamp();
        _anchorNanoseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
    }

    public Timestamp Now => FromCounter(_time.GetTimestamp());

    public TimeProvider Provider => _time;

    /// <summary>How far the wall clock has stepped away from this clock since the start.</summary>
    public TimeSpan WallClockOffset => _time.GetUtcNow() - DateTimeOffset.UnixEpoch - TimeSpan.FromTicks(Now.Nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>The moment of a value of the provider's monotonic counter.</summary>
    public Timestamp FromCounter(long counter) => new(_anchorNanoseconds + (long)((counter - _anchorCounter) * _nanosecondsPerCount));
}
