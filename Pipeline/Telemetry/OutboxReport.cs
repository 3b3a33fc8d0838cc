namespace Forecast.Pipeline.Telemetry;

/// <summary>Why an event is no longer kept although it is not known to have been heard.</summary>
public enum OutboxDrop
{
    /// <summary>No broker had taken it when it expired.</summary>
    Expired,

    /// <summary>Newer ones needed its place before any broker had taken it.</summary>
    PushedOut,

    /// <summary>Of an earlier process, and not taken in this one; the earlier may have delivered it.</summary>
    Restored,

    /// <summary>From the file only, whose cap was reached; it is still sent from memory.</summary>
    JournalFull,

    /// <summary>Too large for the file, or after its end; it is still sent from memory.</summary>
    JournalRefused,
}

/// <summary>How the events' outbox does, filled once a second into the same object.</summary>
public sealed class OutboxReport
{
    /// <summary>Kept until they expire.</summary>
    public int Events { get; set; }

    /// <summary>Of its file; 0 where there is none.</summary>
    public long Bytes { get; set; }

    /// <summary>Seconds since the oldest of them came about; 0 without any.</summary>
    public double OldestAgeS { get; set; }

    /// <summary>They should be on disk and are not: a restart would lose them.</summary>
    public bool MemoryOnly { get; set; }

    /// <summary>Times that the disk refused.</summary>
    public long DiskFailures { get; set; }

    /// <summary>By <see cref="OutboxDrop"/>, since the start.</summary>
    public long[] Dropped { get; } = new long[Enum.GetValues<OutboxDrop>().Length];

    public void CopyFrom(OutboxReport other)
    {
        (Events, Bytes, OldestAgeS, MemoryOnly, DiskFailures) = (other.Events, other.Bytes, other.OldestAgeS, other.MemoryOnly, other.DiskFailures);
        other.Dropped.CopyTo(Dropped, 0);
    }
}
