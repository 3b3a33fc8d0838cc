using Forecast.Pipeline.Frames;

namespace Forecast.Replay;

/// <summary>
/// The drive's own clock: it stands still until it is moved on, and never goes back. What runs on it cannot tell how fast the machine is.
/// </summary>
public sealed class DriveClock(Timestamp start) : TimeProvider
{
    private long _now = start.Nanoseconds;

    public override long TimestampFrequency => Timestamp.NanosecondsPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(GetTimestamp() / TimeSpan.NanosecondsPerTick);

    public void MoveTo(Timestamp moment)
    {
        if (moment.Nanoseconds > Volatile.Read(ref _now))
        {
            Volatile.Write(ref _now, moment.Nanoseconds);
        }
    }
}
