using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Alignment;

/// <summary>
/// Looks at one camera's time stamps before anything relies on them: again, backward, or further on than the delivery explains.
/// A new time base is believed once three frames in a row agree on it. A stamp that falls behind the delivery is that of an old picture, or
/// looks like it: late, but no jump. A step ahead below the limit passes; what is remembered of it is that it leads beyond the arrival, so that the way back is none either.
/// </summary>
public sealed class FrameScreen
{
    private const int FramesToBelieve = 3;

    /// <summary>A stamp may run ahead of the frames' arrival by this much between two frames: bursts of a live camera stay below.</summary>
    private static readonly TimeSpan JumpLimit = TimeSpan.FromSeconds(1);

    /// <summary>A lead that grows by this at once, and beyond the arrival, is a clock's; what a delivery gains by being less delayed ends at the arrival.</summary>
    private static readonly TimeSpan StepLimit = TimeSpan.FromMilliseconds(100);

    /// <summary>How fast the least delay seen is forgotten: a camera whose way has become longer is known again after some seconds.</summary>
    private static readonly TimeSpan ForgottenAFrame = TimeSpan.FromMilliseconds(1);

    private Timestamp? _lastCapture;
    private Timestamp _lastArrival;
    private TimeSpan _lead; // capture less arrival, of the frames that were delayed least
    private TimeSpan _steppedAhead; // by how much the stamps stepped ahead without that being a jump
    private Timestamp _strangerCapture;
    private Timestamp _strangerArrival;
    private TimeSpan _strangerLead;
    private int _strangers;

    /// <summary>A frame of this camera has passed.</summary>
    public bool HasSeen => _lastCapture is not null;

    /// <summary>Null when the frame may go on.</summary>
    /// <param name="jump">By how much the stamps have jumped against the delivery, on the frame that made a jump believed; on every other zero.</param>
    public DropReason? Check(in Frame frame, out TimeSpan jump)
    {
        jump = TimeSpan.Zero;
        var lead = frame.CaptureTime - frame.ArrivalTime;
        if (_lastCapture is not { } last)
        {
            Accept(frame, lead);
            return null;
        }

        if (frame.CaptureTime == last)
        {
            return DropReason.Duplicate;
        }

        if (Follows(frame, last, _lastArrival))
        {
            _steppedAhead += lead > TimeSpan.Zero && lead - _lead > StepLimit ? lead - _lead : TimeSpan.Zero;
            Accept(frame, Longer(_lead - ForgottenAFrame, lead));
            return null;
        }

        var reason = frame.CaptureTime < last ? DropReason.Backward : DropReason.Jumped;
        var again = _strangers > 0 && Follows(frame, _strangerCapture, _strangerArrival);
        _strangers = again ? _strangers + 1 : 1;
        _strangerLead = again ? Longer(_strangerLead, lead) : lead;
        _strangerCapture = frame.CaptureTime;
        _strangerArrival = frame.ArrivalTime;
        if (_strangers < FramesToBelieve)
        {
            return reason;
        }

        jump = _strangerLead - _lead + _steppedAhead;
        _steppedAhead = TimeSpan.Zero;
        Accept(frame, _strangerLead);
        return null;
    }

    private static bool Follows(in Frame frame, Timestamp capture, Timestamp arrival)
    {
        var captured = frame.CaptureTime - capture;
        return captured > TimeSpan.Zero && captured - (frame.ArrivalTime - arrival) < JumpLimit;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Accept(in Frame frame, TimeSpan lead)
    {
        _lastCapture = frame.CaptureTime;
        _lastArrival = frame.ArrivalTime;
        _lead = lead;
        _strangers = 0;
    }
}
