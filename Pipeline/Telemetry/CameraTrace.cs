using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Telemetry;

/// <summary>One camera as it was last seen: written by the pipeline's thread, read by the one that reports health.</summary>
public sealed class CameraTrace
{
    private long _newest = long.MinValue;
    private long _skew;
    private int _missing = (int)MissingReason.NoFrame;

    /// <summary>Capture time of the newest frame; null before the first.</summary>
    public Timestamp? Newest => Volatile.Read(ref _newest) is var newest and not long.MinValue ? new Timestamp(newest) : null;

    /// <summary>How far its last used frame lay before the set's reference time.</summary>
    public TimeSpan Skew => TimeSpan.FromTicks(Volatile.Read(ref _skew) / TimeSpan.NanosecondsPerTick);

    /// <summary>Why the last set went without it.</summary>
    public MissingReason Missing => (MissingReason)Volatile.Read(ref _missing);

    internal void Arrived(Timestamp capture) => Volatile.Write(ref _newest, capture.Nanoseconds);

    internal void Took(in CameraUse use, Timestamp reference)
    {
        Volatile.Write(ref _missing, (int)use.Missing);
        if (use.Used)
        {
            Volatile.Write(ref _skew, reference.Nanoseconds - use.CaptureTime.Nanoseconds);
        }
    }
}
