using System.Text;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Replay.Faults;

/// <summary>A camera in virtual time: a new picture every period, 2 ms after it was taken.</summary>
internal sealed class VirtualCamera : IFrameSource
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(2);

    private readonly RigClock _clock;
    private readonly TimeSpan _period;
    private Timestamp _next;
    private byte _picture;

    public VirtualCamera(string camera, RigClock clock, TimeSpan period)
    {
        Camera = camera;
        _clock = clock;
        _period = period;
        _next = clock.Now;
    }

    public string Camera { get; }

    public Timestamp Due => _next + Delay;

    /// <summary>Ended where a real camera would wait: nothing more is due now.</summary>
    public GrabResult Grab()
    {
        if (Due > _clock.Now)
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        var captured = _next;
        _next += _period;
        return new GrabResult(GrabStatus.Frame, captured, _clock.Now, null);
    }

    public PictureContent Prepare(Span<byte> modelPicture)
    {
        _picture++;
        for (var i = 0; i < modelPicture.Length; i++)
        {
            modelPicture[i] = (byte)(_picture + (40 * i));
        }

        return PictureMeasure.Of(modelPicture);
    }

    public void Interrupt()
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>A fake world that takes its time, and whose memory is as finite as what it is told of the motion.</summary>
internal sealed class TimedWorldRun(FakeWorldRun run, Action passTime) : IWorldRun
{
    public Span<byte> Images => run.Images;

    public Span<float> Lift => run.Lift;

    public Span<float> LiftValid => run.LiftValid;

    public Span<float> CameraMask => run.CameraMask;

    public Span<float> CameraAgeS => run.CameraAgeS;

    public Span<float> EgoMotion => run.EgoMotion;

    public Span<float> ElapsedS => run.ElapsedS;

    public Span<float> Ego => run.Ego;

    public Span<float> Footprint => run.Footprint;

    public Span<float> Manoeuvres => run.Manoeuvres;

    public ReadOnlySpan<float> EgoEstimate => run.EgoEstimate;

    public ReadOnlySpan<float> EgoAgreement => run.EgoAgreement;

    public ReadOnlySpan<float> Observed => run.Observed;

    public ReadOnlySpan<float> Descriptor => run.Descriptor;

    public ReadOnlySpan<float> Latents => run.Latents;

    public ReadOnlySpan<float> OccupancyLogits => run.OccupancyLogits;

    public ReadOnlySpan<float> HazardLogits => run.HazardLogits;

    public bool IsInitial => run.IsInitial;

    public RunStatus Encode()
    {
        passTime();
        return run.Encode();
    }

    public RunStatus EncodeOnly(ReadOnlySpan<int> cameras)
    {
        passTime();
        return run.EncodeOnly(cameras);
    }

    public RunStatus Remember() => float.IsFinite(run.EgoMotion[0]) ? run.Remember() : RunStatus.NotFinite;

    public RunStatus Imagine(int manoeuvres) => run.Imagine(manoeuvres);

    public void Commit() => run.Commit();

    public void Reset() => run.Reset();

    public IPastStates KeepPast(int slots) => run.KeepPast(slots);

    public ICandidates KeepCandidates() => run.KeepCandidates();

    public void Dispose() => run.Dispose();
}

/// <summary>Encodes what a subscriber would get and reads it back as protobuf's own JSON reader does.</summary>
internal sealed class MessageSink(ModelManifest manifest, Rig rig, RigClock clock) : IForecastSink, IJourneyObserver
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    private readonly ForecastEncoder _encoder = new(manifest, rig, new MessageIdentity("car", Guid.Empty, SourceKind.Demo, "unix", "cpu", new string('0', 64), "test"), MessageEncoding.Json);
    private readonly Timestamp _start = clock.Now;

    public List<Said> All { get; } = [];

    public string Name => "messages";

    public SinkResult Publish(SceneForecast forecast)
    {
        var stamp = new MessageStamp(All.Count, clock.Now);
        var json = Encoding.UTF8.GetString(_encoder.Scene(forecast, stamp)) + Encoding.UTF8.GetString(_encoder.Plan(forecast, stamp));
        var risk = Encoding.UTF8.GetString(_encoder.Risk(forecast, stamp));
        All.Add(new Said(forecast.Reference.SecondsSince(_start), stamp.PublishTime.SecondsSince(_start), Parser.Parse<Proto.Risk>(risk).Envelope, json + risk));
        return SinkResult.Taken;
    }

    public void Published(SceneForecast forecast, Timestamp moment) => Assert.Equal(All[^1].Tick, forecast.Tick);

    public bool Flush(TimeSpan limit) => true;

    public void Dispose() => _encoder.Dispose();
}

/// <summary>What a subscriber hears of one tick.</summary>
/// <param name="AtS">When its pictures were taken, seconds of the run, as stamped.</param>
/// <param name="PublishedAtS">Seconds of the run, by the rig's clock.</param>
internal sealed record Said(double AtS, double PublishedAtS, Proto.Envelope Envelope, string Json)
{
    public long Tick => (long)Envelope.FrameSet.Tick;

    public long PublishTime => Envelope.PublishTimeNs;

    public long Deadline => Envelope.FrameSet.DeadlineNs;

    public bool IsRelied => Envelope.Validity is Proto.Validity.Valid or Proto.Validity.Degraded;

    public IReadOnlyList<string> Reasons => Envelope.ValidityReasons;

    /// <summary>"name reason" of each camera that is not used.</summary>
    public IReadOnlyList<string> Missing => [.. Envelope.FrameSet.CamerasMissing.Select(camera => $"{camera.Name} {camera.Reason}")];

    public override string ToString() => $"{AtS:0.00} s, tick {Tick}, {Envelope.Validity} [{string.Join(' ', Reasons)}], missing [{string.Join(", ", Missing)}], {(PublishTime - Deadline) / 1e6:0.0} ms after the deadline";
}
