using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Telemetry;

/// <summary>One camera as it was last seen: written by the pipeline's thread, read by the one that reports health.</summary>
public sealed class CameraTrace
{
    private long _newest = long.MinValue;
    private long _skew;
    private long _ahead;
    private int _missing = (int)MissingReason.NoFrame;

    /// <summary>Capture time of the newest frame, taken back to the rig's time; null before the first.</summary>
    public Timestamp? Newest => Volatile.Read(ref _newest) is var newest and not long.MinValue ? new Timestamp(newest) : null;

    /// <summary>How far its last used frame lay before the set's reference time.</summary>
    public TimeSpan Skew => TimeSpan.FromTicks(Volatile.Read(ref _skew) / TimeSpan.NanosecondsPerTick);

    /// <summary>By how much its stamps run ahead of the rig's time since they jumped; zero where they did not.</summary>
    public TimeSpan Ahead => TimeSpan.FromTicks(Volatile.Read(ref _ahead));

    /// <summary>Why the last set went without it.</summary>
    public MissingReason Missing => (MissingReason)Volatile.Read(ref _missing);

    internal void Arrived(Timestamp capture, TimeSpan ahead)
    {
        Volatile.Write(ref _newest, (capture - ahead).Nanoseconds);
        Volatile.Write(ref _ahead, ahead.Ticks);
    }

    internal void Took(in CameraUse use, Timestamp reference)
    {
        Volatile.Write(ref _missing, (int)use.Missing);
        if (use.Used)
        {
            Volatile.Write(ref _skew, reference.Nanoseconds - use.CaptureTime.Nanoseconds);
        }
    }
}
