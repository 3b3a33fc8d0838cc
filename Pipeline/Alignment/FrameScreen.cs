using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Alignment;

/// <summary>
/// Looks at one camera's time stamps before anything relies on them: again, backward, or further on than the delivery explains.
/// A new time base is believed once three frames in a row agree on it.
/// </summary>
public sealed class FrameScreen
{
    private const int FramesToBelieve = 3;

    /// <summary>A stamp may run ahead of, or behind, the frames' arrival by this much between two frames: bursts and stalls of a live camera stay below.</summary>
    private static readonly TimeSpan JumpLimit = TimeSpan.FromSeconds(1);

    private Timestamp? _lastCapture;
    private Timestamp _lastArrival;
    private Timestamp _strangerCapture;
    private Timestamp _strangerArrival;
    private int _strangers;

    /// <summary>Null when the frame may go on. <paramref name="newBase"/> is true on the frame that made a jump believed.</summary>
    public DropReason? Check(in Frame frame, out bool newBase)
    {
        newBase = false;
        if (_lastCapture is not { } last)
        {
            Accept(frame);
            return null;
        }

        if (frame.CaptureTime == last)
        {
            return DropReason.Duplicate;
        }

        if (Follows(frame, last, _lastArrival))
        {
            Accept(frame);
            return null;
        }

        var reason = frame.CaptureTime < last ? DropReason.Backward : DropReason.Jumped;
        _strangers = _strangers > 0 && Follows(frame, _strangerCapture, _strangerArrival) ? _strangers + 1 : 1;
        _strangerCapture = frame.CaptureTime;
        _strangerArrival = frame.ArrivalTime;
        if (_strangers < FramesToBelieve)
        {
            return reason;
        }

        newBase = true;
        Accept(frame);
        return null;
    }

    private static bool Follows(in Frame frame, Timestamp capture, Timestamp arrival)
    {
        var captured = frame.CaptureTime - capture;
        var arrived = frame.ArrivalTime - arrival;
        return captured > TimeSpan.Zero && captured - arrived < JumpLimit && arrived - captured < JumpLimit + TimeSpan.FromSeconds(4);
    }

    private void Accept(in Frame frame)
    {
        _lastCapture = frame.CaptureTime;
        _lastArrival = frame.ArrivalTime;
        _strangers = 0;
    }
}
