using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// Whether one thread still turns: it says when it sets to work and when it is done and waits. Busy for too long is hung; waiting, for however long, is
/// not. Written by that thread, read by the watchdog's.
/// </summary>
/// <param name="edge">The thread's stable name, for a reason code.</param>
public sealed class Pulse(string edge, RigClock clock)
{
    private const long Waiting = long.MinValue;

    private long _busySince = Waiting;

    public string Edge => edge;

    public void Work() => Volatile.Write(ref _busySince, clock.Now.Nanoseconds);

    public void Wait() => Volatile.Write(ref _busySince, Waiting);

    /// <summary>True when it set to work longer than this ago, and is not done.</summary>
    public bool IsHung(Timestamp now, TimeSpan limit) =>
        Volatile.Read(ref _busySince) is var since and not Waiting && now - new Timestamp(since) > limit;
}
