using System.Diagnostics;
using System.Threading.Channels;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Capture;

/// <summary>
/// Steps 1 and 2 of one camera on its own thread: drained at full rate, prepared into a slot of the pool, sent on. The full-size picture
/// never leaves the source.
/// </summary>
public sealed class CameraThread
{
    private readonly int _camera;
    private readonly IFrameSource _source;
    private readonly FramePool _pool;
    private readonly ChannelWriter<CameraEvent> _arrivals;
    private readonly AutoResetEvent _wake;
    private readonly Ledger _ledger;
    private readonly Thread _thread;
    private long _number;
    private volatile bool _stopping;

    public CameraThread(int camera, IFrameSource source, FramePool pool, ChannelWriter<CameraEvent> arrivals, AutoResetEvent wake, Ledger ledger)
    {
        _camera = camera;
        _source = source;
        _pool = pool;
        _arrivals = arrivals;
        _wake = wake;
        _ledger = ledger;
        _thread = new Thread(Run) { IsBackground = true, Name = $"camera {source.Camera}" };
    }

    public string Camera => _source.Camera;

    /// <summary>What the source last said went wrong; null when nothing did since the last good frame.</summary>
    public string? Trouble { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>True when the thread ended within the limit; a native call that hangs keeps it, and its slot, for ever.</summary>
    public bool Stop(TimeSpan limit)
    {
        _stopping = true;
        _source.Interrupt();
        return _thread.Join(limit);
    }

    private void Run()
    {
        try
        {
            Drain();
        }
        catch (Exception broken)
        {
            // One camera's adapter broke: said, and the others go on. Left alone, the exception would end the process.
            Trouble = $"{_source.Camera}: {broken.Message}";
            Send(new CameraEvent(_camera, CameraEventKind.Ended, default));
        }
    }

    private void Drain()
    {
        while (!_stopping)
        {
            var grabbed = _source.Grab();
            Trouble = grabbed.Detail;
            switch (grabbed.Status)
            {
                case GrabStatus.Frame:
                    Prepare(grabbed);
                    break;
                case GrabStatus.Damaged:
                    _ledger.FrameCaptured(_camera);
                    _ledger.FrameDropped(_camera, DropReason.Damaged);
                    break;
                case GrabStatus.Lost:
                    Send(new CameraEvent(_camera, CameraEventKind.Lost, default));
                    break;
                default:
                    Send(new CameraEvent(_camera, CameraEventKind.Ended, default));
                    return;
            }
        }
    }

    private void Prepare(in GrabResult grabbed)
    {
        _ledger.FrameCaptured(_camera);
        if (!_pool.TryRent(out var lease))
        {
            _ledger.FrameDropped(_camera, DropReason.PoolEmpty);
            return;
        }

        var started = Stopwatch.GetTimestamp();
        PictureContent content;
        try
        {
            content = _source.Prepare(lease.Pixels);
        }
        catch
        {
            lease.Release();
            _ledger.FrameDropped(_camera, DropReason.Damaged);
            throw;
        }

        var prepared = (long)(Stopwatch.GetElapsedTime(started).Ticks * TimeSpan.NanosecondsPerTick);
        var id = new FrameId(_camera, _number++);
        Send(new CameraEvent(_camera, CameraEventKind.Frame, new Frame(id, grabbed.CaptureTime, grabbed.ArrivalTime, content, lease, new FrameCosts(grabbed.DecodeNs, prepared))));
    }

    private void Send(in CameraEvent happened)
    {
        if (happened.Kind == CameraEventKind.Frame)
        {
            if (!_arrivals.TryWrite(happened))
            {
                happened.Frame.Lease.Release();
                _ledger.FrameDropped(_camera, DropReason.Shutdown);
            }
        }
        else
        {
            // News of the camera itself must not be lost in a full channel; the journey empties it, or completes it.
            var spin = default(SpinWait);
            while (!_arrivals.TryWrite(happened) && !_stopping)
            {
                _wake.Set();
                spin.SpinOnce();
            }
        }

        _wake.Set();
    }
}

/// <summary>What a camera's thread tells the pipeline's; a frame's slot is handed over with it.</summary>
public readonly record struct CameraEvent(int Camera, CameraEventKind Kind, Frame Frame);

public enum CameraEventKind
{
    Frame,
    Lost,
    Ended,
}
