using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Alignment;

/// <summary>
/// Joins frames to frame sets by capture time, never by frame number. The rig's ticks are one period apart and drift with the cameras. A camera
/// whose stamps jump alone is taken back to the rig's time by when its frames arrive; when all have jumped by the same, it was the clock that they
/// share, and the rig begins anew in its time. Single-threaded; time comes in with every call.
/// </summary>
public sealed class FrameSetAligner
{
    /// <summary>A quarter of the offset a tick: follows cameras that are 3 % off the rate within 12 ms, and lets no single frame's jitter through.</summary>
    private const int DriftDivisor = 4;

    private readonly AlignmentOptions _options;
    private readonly Ledger _ledger;
    private readonly CameraQueue[] _cameras;
    private readonly PictureWatch _watch;
    private Timestamp? _expected;
    private bool _afterJump;
    private long _tick;

    public FrameSetAligner(Rig rig, AlignmentOptions options, Ledger ledger)
    {
        _options = options;
        _ledger = ledger;
        _watch = new PictureWatch(rig.Cameras.Count);
        _cameras = new CameraQueue[rig.Cameras.Count];
        for (var i = 0; i < _cameras.Length; i++)
        {
            _cameras[i] = new CameraQueue(i, TimeSpan.FromSeconds(1 / rig.Cameras[i].RateHz), ledger);
        }
    }

    /// <summary>Takes the frame over: it is used in a later set or dropped with its reason.</summary>
    public void Offer(in Frame frame)
    {
        var camera = _cameras[frame.Id.Camera];
        if (camera.Screen.Check(frame, out var jump) is { } reason)
        {
            camera.Drop(frame, reason);
            return;
        }

        if (jump != TimeSpan.Zero)
        {
            camera.Jumped(jump, _options.SkewTolerance);
        }

        _watch.See(frame.Id.Camera, frame.Content);
        camera.Add(frame);
        if (jump != TimeSpan.Zero && CommonJump() is { } common)
        {
            MoveRig(common);
        }
    }

    /// <summary>The camera went away, or came to its end: no set waits for it until a frame of it arrives.</summary>
    public void CameraLost(int camera) => _cameras[camera].Lost();

    /// <summary>By how much a camera's stamps run ahead of the rig's time, since they jumped alone; else zero.</summary>
    public TimeSpan Ahead(int camera) => _cameras[camera].Ahead;

    /// <summary>When to call <see cref="TryForm"/> again although no frame came; null when only a frame can change anything.</summary>
    public Timestamp? NextWake { get; private set; }

    /// <summary>Forms the next set if all cameras that are waited for are there, or the wait has run out.</summary>
    /// <param name="now">The decision clock.</param>
    /// <param name="speed">m/s, NaN where it is not measured: tells a frozen camera from a standing vehicle.</param>
    /// <param name="set">Filled, and owner of its frames, when the answer is true.</param>
    public bool TryForm(Timestamp now, float speed, FrameSet set)
    {
        NextWake = null;
        while (ExpectedTick() is { } expected)
        {
            if (!SomeCandidate(expected, out var waitFrom))
            {
                SkipTicks(expected);
                continue;
            }

            var wakeAt = waitFrom + _options.Wait;
            if (!AllReady(expected) && now < wakeAt)
            {
                NextWake = wakeAt;
                return false;
            }

            if (Form(expected, now, speed, set))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives every waiting frame back; for shutdown.</summary>
    public void Abandon()
    {
        foreach (var camera in _cameras)
        {
            camera.DropWaiting(DropReason.Shutdown);
        }
    }

    /// <summary>What every camera that delivers runs ahead by; null where they differ, or one is still in the rig's time.</summary>
    private TimeSpan? CommonJump()
    {
        TimeSpan? common = null;
        foreach (var camera in _cameras)
        {
            if (!camera.Delivers)
            {
                continue;
            }

            common ??= camera.Ahead;
            if (camera.Ahead == TimeSpan.Zero || (camera.Ahead - common.Value).Duration() > _options.SkewTolerance)
            {
                return null;
            }
        }

        return common;
    }

    private void MoveRig(TimeSpan by)
    {
        foreach (var camera in _cameras)
        {
            camera.RigMoved(by, _options.SkewTolerance);
        }

        _expected = _expected is { } tick ? tick + by : null;
        _afterJump = true;
    }

    /// <summary>The tick that is formed next; null when no frame waits.</summary>
    private Timestamp? ExpectedTick()
    {
        Timestamp? earliest = null;
        foreach (var camera in _cameras)
        {
            if (_expected is { } tick)
            {
                camera.DropBefore(tick - (_options.Period / 2), _options.Period);
            }

            if (camera.Count > 0 && (earliest is null || camera[0].CaptureTime < earliest))
            {
                earliest = camera[0].CaptureTime;
            }
        }

        return earliest is null ? null : _expected ?? earliest;
    }

    /// <param name="waitFrom">When the first camera had its frame for this tick; for a faster camera, whose next frame may lie nearer, when that one is due.</param>
    private bool SomeCandidate(Timestamp expected, out Timestamp waitFrom)
    {
        var any = false;
        waitFrom = Timestamp.MaxValue;
        foreach (var camera in _cameras)
        {
            if (camera.Nearest(expected, _options.Period / 2) is not (var index and >= 0))
            {
                continue;
            }

            any = true;
            var settled = camera.Final(expected) ? camera[index].ArrivalTime : camera.NextDue(expected, index);
            waitFrom = settled < waitFrom ? settled : waitFrom;
        }

        return any;
    }

    /// <summary>Nothing was captured near this tick, but later: those ticks are due and lost.</summary>
    private void SkipTicks(Timestamp expected)
    {
        var earliest = Timestamp.MaxValue;
        foreach (var camera in _cameras)
        {
            earliest = camera.Count > 0 && camera[0].CaptureTime < earliest ? camera[0].CaptureTime : earliest;
        }

        var ticks = Math.Max(1, (long)Math.Round((earliest - expected) / _options.Period));
        _ledger.TickDue(ticks); // in one go: a recording with a wrong stamp skips thousands of millions
        _expected = expected + (_options.Period * ticks);
    }

    private bool AllReady(Timestamp expected)
    {
        foreach (var camera in _cameras)
        {
            if (!camera.Absent && !camera.Final(expected))
            {
                return false;
            }
        }

        return true;
    }

    private bool Form(Timestamp expected, Timestamp now, float speed, FrameSet set)
    {
        set.Begin();
        _ledger.TickDue();
        var middle = expected + MeanOffset(expected, ofTickRateOnly: false);
        var drift = MeanOffset(expected, ofTickRateOnly: true) / DriftDivisor;
        foreach (var camera in _cameras)
        {
            var index = camera.Nearest(expected, _options.Period / 2);
            if (index < 0)
            {
                camera.Absent = true;
                set.Miss(camera.Index, camera.IsLost ? MissingReason.Lost : MissingReason.NoFrame);
                continue;
            }

            TakeOrMask(camera, camera.Take(index), middle, speed, set);
        }

        _expected = expected + _options.Period + drift;
        if (set.Used == 0)
        {
            return false;
        }

        set.Tick = _tick++;
        set.Formed = now;
        set.AfterJump = _afterJump;
        _afterJump = false;
        _ledger.SetFormed();
        return true;
    }

    private void TakeOrMask(CameraQueue camera, in Frame frame, Timestamp middle, float speed, FrameSet set)
    {
        var skew = frame.CaptureTime - middle;
        if (skew.Duration() > _options.SkewTolerance)
        {
            camera.Drop(frame, DropReason.OutOfTolerance);
            set.Miss(camera.Index, MissingReason.OutOfTolerance);
            return;
        }

        switch (_watch.Judge(camera.Index, frame.Content, speed))
        {
            case MissingReason.Black:
                camera.Drop(frame, DropReason.Black);
                set.Miss(camera.Index, MissingReason.Black);
                break;
            case MissingReason.Frozen:
                camera.Drop(frame, DropReason.Frozen);
                set.Miss(camera.Index, MissingReason.Frozen);
                break;
            default:
                set.Add(camera.Index, frame);
                set.TakenBack |= camera.Ahead != TimeSpan.Zero || frame.CaptureTime - frame.ArrivalTime > _options.SkewTolerance;
                break;
        }
    }

    /// <summary>How far the tick's candidates lie from it on average; zero when there are none.</summary>
    /// <param name="ofTickRateOnly">Leave out cameras faster than the tick: their nearest frame says nothing of a drift.</param>
    private TimeSpan MeanOffset(Timestamp expected, bool ofTickRateOnly)
    {
        var sum = TimeSpan.Zero;
        var count = 0;
        foreach (var camera in _cameras)
        {
            if ((!ofTickRateOnly || !camera.FasterThan(_options.Period)) && camera.Nearest(expected, _options.Period / 2) is var index and >= 0)
            {
                sum += camera[index].CaptureTime - expected;
                count++;
            }
        }

        return count == 0 ? TimeSpan.Zero : sum / count;
    }
}
