using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Replay.Recording;

/// <summary>
/// Records a run: all that its journey is told, with the prepared pictures, the vehicle's motion and what was said. Whoever tells it something pays a copy into
/// a fixed piece of memory; a thread of its own writes (<see cref="RecordingFiles"/>). Full means left out and counted: nothing waits for the disk.
/// </summary>
public sealed class Recorder : IJourneyLog, IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan CountPeriod = TimeSpan.FromSeconds(1);

    private readonly RecordingRing _ring;
    private readonly RecordingFiles _files;
    private readonly RigClock _clock;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stopping = new(false);
    private readonly ProtoWriter _call = new();
    private readonly ProtoWriter _motion = new();
    private readonly ProtoWriter _log = new();
    private readonly Lock _motionGate = new();
    private readonly Lock _logGate = new();
    private readonly int _width;
    private readonly int _height;
    private volatile string? _broken;
    private ulong _order;
    private long _refused;
    private long _told;

    /// <exception cref="IOException">The folder cannot be made, or no file in it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public Recorder(RecordingOptions options, RecordedSession session, RigClock clock)
    {
        _clock = clock;
        (_width, _height) = (session.WidthPx, session.HeightPx);
        _ring = new RecordingRing(options.MemoryBytes);
        _files = new RecordingFiles(options, session, clock);
        _thread = new Thread(Write) { IsBackground = true, Name = "recorder", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Where the run's files are.</summary>
    public string Folder => _files.Folder;

    /// <summary>Of one prepared picture.</summary>
    public int PictureBytes => _width * _height * 3;

    /// <summary>Messages left out, because its memory was full or the disk refused.</summary>
    public long Dropped => Interlocked.Read(ref _refused) + _files.Dropped;

    /// <summary>Messages in the files.</summary>
    public long Written => _files.Written;

    public long Bytes => _files.Bytes;

    /// <summary>Why the disk refuses, in one line; null where it does not.</summary>
    public string? Trouble => _broken ?? _files.Trouble;

    public void Arrived(in Frame frame)
    {
        var pixels = frame.Lease.Pixels;
        _call.Clear()
            .Varint(1, (ulong)frame.Id.Camera).Int64(2, frame.Id.Number).Int64(3, frame.CaptureTime.Nanoseconds).Int64(4, frame.ArrivalTime.Nanoseconds)
            .Int64(5, frame.Times.DecodeNs).Int64(6, frame.Times.PrepareNs)
            .Fixed64(7, frame.Content.Fingerprint).Single(8, frame.Content.MeanLevel).Single(9, frame.Content.SpreadLevel)
            .Varint(10, (ulong)_width).Varint(11, (ulong)_height).Varint(12, _order++).Head(15, pixels.Length);
        Tell(RecordingStreams.Input(frame.Id.Camera), frame.ArrivalTime.Nanoseconds, frame.CaptureTime.Nanoseconds, _call.Written, pixels);
    }

    public void CameraLost(int camera)
    {
        var now = _clock.Now;
        TellCall(now, Begin(1, now).Varint(4, (ulong)camera));
    }

    public void Travelled(Timestamp now, Travel outcome, int rung) => TellCall(now, Begin(2, now).Varint(5, (ulong)outcome).SInt32(6, rung));

    public void Reflected(Timestamp now, bool shed) => TellCall(now, Begin(3, now).Bool(7, shed));

    public void Judged(Timestamp now) => TellCall(now, Begin(4, now));

    public void HandedOver(in Delivery delivery)
    {
        var now = _clock.Now;
        TellCall(now, Begin(5, now).Int64(8, delivery.Took.Ticks * TimeSpan.NanosecondsPerTick).Bool(9, delivery.OfProbe));
    }

    public void OnEgo(in EgoSample sample)
    {
        lock (_motionGate)
        {
            _motion.Clear()
                .Int64(1, sample.CaptureTime.Nanoseconds).Int64(2, sample.ArrivalTime.Nanoseconds)
                .Single(3, sample.Speed).Single(4, sample.YawRate).Single(5, sample.Acceleration);
            Tell(RecordingStreams.Ego, sample.ArrivalTime.Nanoseconds, sample.CaptureTime.Nanoseconds, _motion.Written, default);
        }
    }

    public void OnPlan(PlanSample plan)
    {
        lock (_motionGate)
        {
            _motion.Clear()
                .Int64(1, plan.CaptureTime.Nanoseconds).Int64(2, plan.ArrivalTime.Nanoseconds).Singles(3, plan.Accelerations).Singles(4, plan.Curvatures);
            Tell(RecordingStreams.Plan, plan.ArrivalTime.Nanoseconds, plan.CaptureTime.Nanoseconds, _motion.Written, default);
        }
    }

    /// <summary>A line of the run's log, as foxglove.Log.</summary>
    public void Log(string text, bool warning)
    {
        var now = _clock.Now;
        lock (_logGate)
        {
            _log.Clear().Moment(1, now.Nanoseconds).Varint(2, warning ? 3UL : 2UL).Text(3, text).Text(4, "forecast");
            Tell(RecordingStreams.Log, now.Nanoseconds, now.Nanoseconds, _log.Written, default);
        }
    }

    /// <summary>A message of one of the streams, complete.</summary>
    internal void Tell(int stream, Timestamp published, ReadOnlySpan<byte> message) => Tell(stream, published.Nanoseconds, published.Nanoseconds, message, default);

    /// <summary>Writes what is there still, and ends the last file.</summary>
    public void Dispose()
    {
        if (!_stopping.IsSet)
        {
            _stopping.Set();
            _thread.Join();
            _files.Dispose();
            _stopping.Dispose();
        }
    }

    private ProtoWriter Begin(ulong kind, Timestamp now) => _call.Clear().Varint(1, _order++).Varint(2, kind).Int64(3, now.Nanoseconds);

    private void TellCall(Timestamp now, ProtoWriter call) => Tell(RecordingStreams.Calls, now.Nanoseconds, now.Nanoseconds, call.Written, default);

    private void Tell(int stream, long logTimeNs, long publishTimeNs, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> body)
    {
        if (!_ring.TryAdd(stream, logTimeNs, publishTimeNs, prefix, body))
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private void Write()
    {
        try
        {
            WriteUntilStopped();
        }
        catch (Exception broken)
        {
            // The recorder's fault must not end the run that it records: nothing is taken out of the ring any more, which fills, and what comes is counted.
            _broken = $"the recorder broke: {broken.Message.ReplaceLineEndings(" ")}";
        }
    }

    private void WriteUntilStopped()
    {
        var counted = _clock.Now;
        while (true)
        {
            var last = _stopping.IsSet; // what was told before is in the ring
            while (_ring.TryPeek(out var entry, out var content))
            {
                _files.Write(entry, content);
                _ring.Release();
            }

            _files.CloseChunkIfDue();
            if (_clock.Now - counted >= CountPeriod || last)
            {
                counted = _clock.Now;
                TellDropped(counted);
            }

            if (last)
            {
                return;
            }

            _stopping.Wait(Look);
        }
    }

    private void TellDropped(Timestamp now)
    {
        var dropped = Dropped;
        if (dropped != _told)
        {
            _told = dropped;
            _files.Write(new RingEntry(0, RecordingStreams.Dropped, now.Nanoseconds, now.Nanoseconds), new ProtoWriter().Varint(1, (ulong)dropped).Written);
        }
    }
}
