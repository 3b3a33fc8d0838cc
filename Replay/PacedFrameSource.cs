using System.Diagnostics;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay;

/// <summary>
/// Plays a recorded camera as a live one: each frame is decoded when it is due by the wall, and its times are moved to the live clock by one
/// offset that all of a drive's cameras share.
/// </summary>
/// <param name="arrivals">When each frame arrived, on the drive's clock, in order.</param>
/// <param name="offset">From the drive's clock to the live one.</param>
public sealed class PacedFrameSource(IFrameSource recorded, IReadOnlyList<Timestamp> arrivals, RigClock clock, TimeSpan offset) : IFrameSource
{
    private readonly ManualResetEventSlim _interrupted = new(false);
    private int _next;

    public string Camera => recorded.Camera;

    public GrabResult Grab()
    {
        if (_next < arrivals.Count)
        {
            var due = arrivals[_next++] + offset - clock.Now;
            if (due > TimeSpan.Zero)
            {
                _interrupted.Wait(due);
            }
        }

        if (_interrupted.IsSet)
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        var started = Stopwatch.GetTimestamp();
        var grabbed = recorded.Grab();
        var decoded = Stopwatch.GetElapsedTime(started).Ticks * TimeSpan.NanosecondsPerTick;
        return grabbed with { CaptureTime = grabbed.CaptureTime + offset, ArrivalTime = clock.Now, DecodeNs = decoded };
    }

    public PictureContent Prepare(Span<byte> modelPicture) => recorded.Prepare(modelPicture);

    public void Interrupt()
    {
        _interrupted.Set();
        recorded.Interrupt();
    }

    public void Dispose()
    {
        recorded.Dispose();
        _interrupted.Dispose();
    }
}
