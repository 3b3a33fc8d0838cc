namespace Forecast.Pipeline.Frames;

/// <summary>A moment, in nanoseconds of the rig's one clock: Unix time when live, the drive's own clock when recorded.</summary>
public readonly record struct Timestamp(long Nanoseconds) : IComparable<Timestamp>
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    public static Timestamp MaxValue => new(long.MaxValue);

    public static Timestamp operator +(Timestamp moment, TimeSpan span) => new(moment.Nanoseconds + (span.Ticks * TimeSpan.NanosecondsPerTick));

    public static Timestamp operator -(Timestamp moment, TimeSpan span) => new(moment.Nanoseconds - (span.Ticks * TimeSpan.NanosecondsPerTick));

    public static TimeSpan operator -(Timestamp later, Timestamp earlier) => new((later.Nanoseconds - earlier.Nanoseconds) / TimeSpan.NanosecondsPerTick);

    public static bool operator <(Timestamp left, Timestamp right) => left.Nanoseconds < right.Nanoseconds;

    public static bool operator >(Timestamp left, Timestamp right) => left.Nanoseconds > right.Nanoseconds;

    public static bool operator <=(Timestamp left, Timestamp right) => left.Nanoseconds <= right.Nanoseconds;

    public static bool operator >=(Timestamp left, Timestamp right) => left.Nanoseconds >= right.Nanoseconds;

    public int CompareTo(Timestamp other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Seconds from <paramref name="earlier"/> to this moment.</summary>
    public double SecondsSince(Timestamp earlier) => (Nanoseconds - earlier.Nanoseconds) / (double)NanosecondsPerSecond;
}
