using Forecast.Adapters.OpenCv;

namespace Forecast.Adapters.Dashboard;

/// <summary>
/// Takes what the publishing thread hands over and makes events of it on a thread of its own: pictures are encoded here, not in the journey.
/// Four ticks wait at most; a newer one takes the oldest's place, which is counted.
/// </summary>
public sealed class DashboardFeed : IDisposable
{
    private const int MostTicks = 600;
    private const int MostBytes = 32 << 20;
    private const int Waiting = 4;
    private const int JpegQuality = 82;

    private readonly Lock _gate = new();
    private readonly Queue<TickParcel> _full = new(Waiting);
    private readonly Stack<TickParcel> _empty = new(Waiting);
    private readonly AutoResetEvent _wake = new(false);
    private readonly TimeProvider _time;
    private readonly EventText _text = new();
    private readonly Thread _thread;
    private readonly Lock _building = new();
    private DashboardRun? _run;
    private byte[] _picture = [];
    private byte[] _jpeg = [];
    private long _dropped;
    private volatile bool _stopping;

    public DashboardFeed(TimeProvider time)
    {
        _time = time;
        for (var i = 0; i < Waiting; i++)
        {
            _empty.Push(new TickParcel());
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "dashboard" };
        _thread.Start();
    }

    public EventHistory History { get; } = new(MostTicks, MostBytes);

    /// <summary>Ticks whose place a newer one took before they became events.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Unix time, for pages to tell how old an event is that they read.</summary>
    public long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A new run begins; pages that are open begin anew with it.</summary>
    public void Begin(DashboardRun run)
    {
        lock (_building)
        {
            _run = run;
            _picture = new byte[run.WidthPx * run.HeightPx * 3];
            _jpeg = new byte[PictureCodec.JpegCapacity(run.WidthPx, run.HeightPx)];
            History.Begin(run.Id);
            History.AddStanding(0, "hello", run.Hello);
            History.AddStanding(1, "model", run.Model);
            History.AddStanding(2, "rig", run.Rig);
            History.AddStanding(3, "lift", run.Lift);
        }
    }

    /// <summary>Health or latency, once a second.</summary>
    public void Report(bool health, ReadOnlySpan<byte> json) => History.AddStanding(health ? 4 : 5, health ? "health" : "latency", json);

    /// <summary>The run is over: what was said is history, and nothing is a forecast any more.</summary>
    public void End()
    {
        Drain();
        lock (_building)
        {
            if (_run is not null)
            {
                History.Add("ended", "{}"u8); // the last of its run, so that whoever comes late has read all before it
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    /// <summary>A parcel to fill; the publishing thread hands it back with <see cref="Hand"/>.</summary>
    internal TickParcel Rent()
    {
        lock (_gate)
        {
            if (_empty.TryPop(out var empty))
            {
                return empty;
            }

            Interlocked.Increment(ref _dropped);
            return _full.TryDequeue(out var oldest) ? oldest : new TickParcel();
        }
    }

    internal void Hand(TickParcel parcel)
    {
        lock (_gate)
        {
            _full.Enqueue(parcel);
        }

        _wake.Set();
    }

    private void Run()
    {
        while (!_stopping)
        {
            _wake.WaitOne();
            Drain();
        }
    }

    private void Drain()
    {
        lock (_building)
        {
            while (TryNext() is { } parcel)
            {
                if (_run is not null)
                {
                    Build(_run, parcel);
                }

                lock (_gate)
                {
                    if (_empty.Count < Waiting)
                    {
                        _empty.Push(parcel);
                    }
                }
            }
        }
    }

    private TickParcel? TryNext()
    {
        lock (_gate)
        {
            return _full.TryDequeue(out var parcel) ? parcel : null;
        }
    }

    private void Build(DashboardRun run, TickParcel parcel)
    {
        _text.Clear();
        _text.Add("{\"sent_ms\":"u8).Add(NowMs).Add(",\"skipped\":"u8).Add(Dropped).Add(",\"note\":"u8).Add(parcel.Note.Written);
        _text.Add(",\"risk\":"u8).Add(parcel.Risk.Written).Add(",\"plan\":"u8).Add(parcel.Plan.Written).Add(",\"scene\":"u8).Add(parcel.Scene.Written);
        _text.Add(",\"events\":["u8).Add(parcel.Events.Written).Add("],\"pictures\":["u8);
        var any = false;
        for (var camera = 0; camera < run.Shelves.Count; camera++)
        {
            var frame = run.Shelves[camera].TryTake(parcel.Frames[camera], _picture);
            if (frame < 0)
            {
                continue;
            }

            var length = PictureCodec.EncodeJpeg(_picture, run.WidthPx, run.HeightPx, JpegQuality, _jpeg);
            _text.Add(any ? ",{\"camera\":"u8 : "{\"camera\":"u8).Add(camera).Add(",\"frame\":"u8).Add(frame).Add(",\"jpeg\":\""u8).AddBase64(_jpeg.AsSpan(0, length)).Add("\"}"u8);
            any = true;
        }

        _text.Add("]}"u8);
        History.Add("tick", _text.Written);
    }
}

/// <summary>What the publishing thread says of one tick, copied; owned by the feed but while it is being filled.</summary>
internal sealed class TickParcel
{
    public EventText Note { get; } = new();

    public EventText Risk { get; } = new();

    public EventText Plan { get; } = new();

    public EventText Scene { get; } = new();

    /// <summary>Objects joined by commas.</summary>
    public EventText Events { get; } = new();

    /// <summary>By camera, the frame that was used; -1: none, show the newest.</summary>
    public long[] Frames { get; } = new long[64];

    public void Clear()
    {
        Note.Clear();
        Risk.Clear();
        Plan.Clear();
        Scene.Clear();
        Events.Clear();
        Array.Fill(Frames, -1);
    }
}
