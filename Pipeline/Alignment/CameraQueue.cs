using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Alignment;

/// <summary>One camera's frames that wait for their frame set, oldest first. Holds few: a newer frame pushes the oldest out.</summary>
internal sealed class CameraQueue(int index, TimeSpan cameraPeriod, Ledger ledger)
{
    private const int Capacity = 8;
    private const int LatePerWait = 10;

    private readonly Frame[] _frames = new Frame[Capacity];
    private int _late;

    public int Index => index;

    public FrameScreen Screen { get; } = new();

    public int Count { get; private set; }

    /// <summary>It has used up its wait, or is lost: sets are formed without it until a frame of it arrives.</summary>
    public bool Absent { get; set; }

    public bool IsLost { get; private set; }

    /// <summary>It has given frames and is not lost: its clock counts where all the cameras' clocks are asked.</summary>
    public bool Delivers => Screen.HasSeen && !IsLost;

    /// <summary>By how much its stamps run ahead of the rig's time, since they jumped alone; zero where they are the rig's time.</summary>
    public TimeSpan Ahead { get; private set; }

    public bool FasterThan(TimeSpan tickPeriod) => cameraPeriod < tickPeriod * 0.75;

    public ref readonly Frame this[int position] => ref _frames[position];

    public void Add(in Frame frame)
    {
        Absent = false;
        IsLost = false;
        if (Count == Capacity)
        {
            Drop(TakeAt(0), DropReason.Superseded);
        }

        _frames[Count++] = frame with { CaptureTime = frame.CaptureTime - Ahead };
    }

    /// <summary>Its stamps have jumped against the rig's time: what waits does not connect, what comes is taken back to the rig's time.</summary>
    /// <param name="unseen">Less than this is the delivery's unevenness, not a clock's.</param>
    public void Jumped(TimeSpan by, TimeSpan unseen)
    {
        DropWaiting(DropReason.Jumped);
        Ahead = Seen(Ahead + by, unseen);
    }

    /// <summary>The rig's time has moved: what waits is stamped by the new one.</summary>
    public void RigMoved(TimeSpan by, TimeSpan unseen)
    {
        var before = Ahead;
        Ahead = Screen.HasSeen ? Seen(Ahead - by, unseen) : Ahead;
        for (var i = 0; i < Count; i++)
        {
            _frames[i] = _frames[i] with { CaptureTime = _frames[i].CaptureTime + (before - Ahead) };
        }
    }

    public void Lost()
    {
        Absent = true;
        IsLost = true;
    }

    /// <summary>Drops what lies before the tick: an extra frame of a camera faster than the tick, or one that came after its set had gone.</summary>
    public void DropBefore(Timestamp limit, TimeSpan tickPeriod)
    {
        while (Count > 0 && _frames[0].CaptureTime < limit)
        {
            var late = !FasterThan(tickPeriod);
            Drop(TakeAt(0), late ? DropReason.Late : DropReason.Decimated);
            if (late)
            {
                // Waited for at the next tick, since one that is back comes late only for not having been waited for; always late, once in ten.
                Absent = _late++ % LatePerWait != 0;
            }
        }
    }

    /// <summary>Position of the frame nearest to the tick within <paramref name="reach"/>; -1 when there is none.</summary>
    public int Nearest(Timestamp tick, TimeSpan reach)
    {
        var best = -1;
        var bestDistance = reach;
        for (var i = 0; i < Count; i++)
        {
            var distance = (_frames[i].CaptureTime - tick).Duration();
            if (distance <= bestDistance && (best < 0 || distance < bestDistance))
            {
                best = i;
                bestDistance = distance;
            }
        }

        return best;
    }

    /// <summary>True when no later frame can lie nearer to the tick than what is there.</summary>
    public bool Final(Timestamp tick) => Count > 0 && _frames[Count - 1].CaptureTime >= tick - (cameraPeriod / 2);

    /// <summary>When the last frame that could still lie nearer to the tick than the one at <paramref name="position"/> should arrive.</summary>
    public Timestamp NextDue(Timestamp tick, int position) => _frames[position].ArrivalTime + (tick + (cameraPeriod / 2) - _frames[position].CaptureTime);

    /// <summary>Hands over the frame at <paramref name="position"/>; older ones are dropped as decimated.</summary>
    public Frame Take(int position)
    {
        for (; position > 0; position--)
        {
            Drop(TakeAt(0), DropReason.Decimated);
        }

        _late = 0;
        return TakeAt(0);
    }

    public void DropWaiting(DropReason reason)
    {
        while (Count > 0)
        {
            Drop(TakeAt(0), reason);
        }
    }

    public void Drop(in Frame frame, DropReason reason)
    {
        frame.Lease.Release();
        ledger.FrameDropped(index, reason);
    }

    private static TimeSpan Seen(TimeSpan ahead, TimeSpan unseen) => ahead.Duration() <= unseen ? TimeSpan.Zero : ahead;

    private Frame TakeAt(int position)
    {
        var frame = _frames[position];
        Count--;
        Array.Copy(_frames, position + 1, _frames, position, Count - position);
        _frames[Count] = default;
        return frame;
    }
}
