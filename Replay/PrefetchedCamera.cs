using System.Threading.Channels;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Replay;

/// <summary>
/// Decodes and prepares one recorded camera a few frames ahead on a thread of its own, in order, so that lock-step replay is not slower than
/// the longer of decoding and inference. Nothing is dropped: a full queue waits.
/// </summary>
internal sealed class PrefetchedCamera : IDisposable
{
    internal const int FramesAhead = 4;

    private readonly int _camera;
    private readonly IFrameSource _source;
    private readonly Ledger _ledger;
    private readonly Channel<CameraEvent> _ready = Channel.CreateUnbounded<CameraEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly SemaphoreSlim _filled = new(0);
    private readonly SemaphoreSlim _room = new(FramesAhead);
    private readonly FramePool _pool;
    private readonly Thread _thread;
    private CameraEvent? _head;
    private volatile bool _stopping;

    public PrefetchedCamera(int camera, IFrameSource source, int pictureBytes, int slotsUnderWay, Ledger ledger)
    {
        _camera = camera;
        _source = source;
        _ledger = ledger;
        _pool = new FramePool(FramesAhead + slotsUnderWay, pictureBytes);
        _thread = new Thread(Run) { IsBackground = true, Name = $"decode {source.Camera}" };
        _thread.Start();
    }

    /// <summary>Why reading ended before the recording did; null when it did not.</summary>
    public string? Trouble { get; private set; }

    /// <summary>The next event of this camera; waits for the decoder. The last one is <see cref="CameraEventKind.Ended"/>, again and again.</summary>
    public CameraEvent Head
    {
        get
        {
            if (_head is { } known)
            {
                return known;
            }

            _filled.Wait();
            _ready.Reader.TryRead(out var next);
            _head = next;
            return next;
        }
    }

    /// <summary>Hands the head over.</summary>
    public CameraEvent Take()
    {
        var head = Head;
        if (head.Kind != CameraEventKind.Ended)
        {
            _head = null;
            _room.Release();
        }

        return head;
    }

    /// <summary>Slots of this camera that are out; at rest 0.</summary>
    public int SlotsOut => _pool.Outstanding;

    /// <summary>Stops reading ahead, and drops what was read and never taken.</summary>
    public void Abandon()
    {
        _stopping = true;
        _source.Interrupt();
        _room.Release();
        _thread.Join();
        Drop(_head);
        while (_ready.Reader.TryRead(out var unread))
        {
            Drop(unread);
        }

        _head = new CameraEvent(_camera, CameraEventKind.Ended, default);
    }

    public void Dispose()
    {
        Abandon();
        _source.Dispose();
        _filled.Dispose();
        _room.Dispose();
    }

    private void Drop(CameraEvent? untaken)
    {
        if (untaken is { Kind: CameraEventKind.Frame } happened)
        {
            happened.Frame.Lease.Release();
            _ledger.FrameDropped(_camera, DropReason.Shutdown);
        }
    }

    private void Run()
    {
        var number = 0L;
        while (!_stopping)
        {
            _room.Wait();
            var happened = NextOrEnd(ref number);
            _ready.Writer.TryWrite(happened);
            _filled.Release();
            if (happened.Kind == CameraEventKind.Ended)
            {
                return;
            }
        }
    }

    /// <summary>A source that breaks ends its camera, with what it said; the others go on.</summary>
    private CameraEvent NextOrEnd(ref long number)
    {
        try
        {
            return Next(ref number);
        }
        catch (Exception broken)
        {
            Trouble = $"{_source.Camera}: {broken.Message}";
            return new CameraEvent(_camera, CameraEventKind.Ended, default);
        }
    }

    private CameraEvent Next(ref long number)
    {
        while (!_stopping)
        {
            var grabbed = _source.Grab();
            switch (grabbed.Status)
            {
                case GrabStatus.Frame when _pool.TryRent(out var lease):
                    _ledger.FrameCaptured(_camera);
                    var content = Prepare(lease);
                    return new CameraEvent(_camera, CameraEventKind.Frame, new Frame(new FrameId(_camera, number++), grabbed.CaptureTime, grabbed.ArrivalTime, content, lease, new FrameCosts(grabbed.DecodeNs, 0)));
                case GrabStatus.Frame:
                    _ledger.FrameCaptured(_camera);
                    _ledger.FrameDropped(_camera, DropReason.PoolEmpty);
                    break;
                case GrabStatus.Damaged:
                    _ledger.FrameCaptured(_camera);
                    _ledger.FrameDropped(_camera, DropReason.Damaged);
                    break;
                default:
                    Trouble = grabbed.Status == GrabStatus.Lost ? grabbed.Detail : null;
                    return new CameraEvent(_camera, CameraEventKind.Ended, default);
            }
        }

        return new CameraEvent(_camera, CameraEventKind.Ended, default);
    }

    private PictureContent Prepare(FrameLease lease)
    {
        try
        {
            return _source.Prepare(lease.Pixels);
        }
        catch
        {
            lease.Release();
            _ledger.FrameDropped(_camera, DropReason.Damaged);
            throw;
        }
    }
}
