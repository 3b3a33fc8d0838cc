using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Replay.Recording;

/// <summary>What came of telling a journey again.</summary>
/// <param name="Forecasts">Made again.</param>
/// <param name="Decisions">Calls that could have formed a frame set, all decided as in the recording up to the first difference.</param>
/// <param name="Difference">The first decision or forecast that is another one; null: none.</param>
/// <param name="Gap">Where the recording has a gap, beyond which nothing can be told again; null: it has none.</param>
public sealed record AsRecordedResult(long Forecasts, long Decisions, string? Difference, string? Gap);

/// <summary>
/// Tells a journey again what the recorded one was told: the same frames and motion, the same moments, and what was measured then in place of what would be
/// measured now. So it makes the same decisions, and, with the same model on the same instruction set, says the same.
/// </summary>
public sealed class AsRecordedReplay : IDisposable
{
    private const int SlotsPerCamera = 16;

    private readonly RecordingReader _recording;
    private readonly JourneyParts _parts;
    private readonly Journey _journey;
    private readonly LookBackCost _looks;
    private readonly ForecastPublisher _publisher;
    private readonly RecordedMoment _clock;
    private readonly CanonicalDigest _digest;
    private readonly FramePool _pool;
    private readonly List<SceneForecast> _held = [];
    private SceneForecast? _pending;
    private string? _difference;
    private string? _gap;
    private ulong _order;
    private long _forecasts;
    private long _decisions;
    private int _nextEgo;
    private int _nextPlan;

    /// <param name="parts">Made of the session's figures; <paramref name="looks"/> is its look back's cost.</param>
    /// <param name="clock">The publisher's.</param>
    public AsRecordedReplay(RecordingReader recording, JourneyParts parts, LookBackCost looks, ForecastPublisher publisher, RecordedMoment clock, CanonicalDigest digest)
    {
        (_recording, _parts, _looks, _publisher, _clock, _digest) = (recording, parts, looks, publisher, clock, digest);
        _journey = new Journey(parts);
        var session = recording.Session;
        _pool = new FramePool(SlotsPerCamera * session.Rig.Cameras.Count, session.WidthPx * session.HeightPx * 3);
    }

    /// <summary>Called after every forecast with its reference time; for progress.</summary>
    public Action<Timestamp>? Progress { get; init; }

    public AsRecordedResult Run(CancellationToken cancelled)
    {
        var topics = Enumerable.Range(0, _recording.Session.Rig.Cameras.Count).Select(_recording.InputTopic).ToHashSet();
        var calls = RecordingStreams.Of(_recording.Session.Rig)[RecordingStreams.Calls].Topic;
        topics.Add(calls);
        foreach (var (topic, at) in _recording.Messages(topics))
        {
            if (cancelled.IsCancellationRequested || !(topic == calls ? Tell(at.Message.Data) : Arrive(at.Message.Data)))
            {
                break;
            }
        }

        if (_pending is { } unpublished)
        {
            _parts.Forecasts.Return(unpublished);
        }

        _journey.Abandon();
        return new AsRecordedResult(_forecasts, _decisions, _difference, _gap);
    }

    public void Dispose() => _held.Clear();

    /// <returns>False: it cannot go on.</returns>
    private bool InOrder(ulong order)
    {
        if (order != _order)
        {
            _gap = $"{(order > _order ? order - _order : 0)} frames or calls are missing before call {order}: the recorder had no room for them";
            return false;
        }

        _order++;
        return true;
    }

    private bool Arrive(ReadOnlySpan<byte> message)
    {
        if (!RecordedInput.TryRead(message, out var input) || !InOrder(input.Order))
        {
            _gap ??= "a frame of the recording is malformed";
            return false;
        }

        _parts.Ledger.FrameCaptured(input.Camera);
        if (!_pool.TryRent(out var lease))
        {
            _difference ??= $"more frames wait than ever did: at frame {input.Number} of camera {input.Camera}";
            return false;
        }

        input.Pixels.CopyTo(lease.Pixels);
        _journey.Arrive(new Frame(new FrameId(input.Camera, input.Number), input.CaptureTime, input.ArrivalTime, input.Content, lease, input.Times));
        return true;
    }

    private bool Tell(ReadOnlySpan<byte> message)
    {
        if (RecordedCall.Read(message) is not { } call || !InOrder(call.Order))
        {
            _gap ??= "a call of the recording is malformed";
            return false;
        }

        switch (call.Kind)
        {
            case CallKind.CameraLost:
                _journey.CameraLost(call.Camera);
                break;
            case CallKind.Travel:
                TellTravel(call);
                break;
            case CallKind.Reflect:
                _looks.AsRecorded = !call.Shed;
                _journey.Reflect(call.Now);
                break;
            case CallKind.Judged when _pending is { } judged:
                _journey.Judged(judged, call.Now);
                Publish(judged, call.Now);
                break;
            case CallKind.HandedOver:
                _journey.HandedOver(new Delivery(call.Took, call.OfProbe));
                break;
            default:
                break;
        }

        return true;
    }

    private void TellTravel(RecordedCall call)
    {
        MoveTo(call.Now);
        HoldForecasts(call.Outcome == Travel.Unheard);
        var forecast = _journey.TryTravel(call.Now);
        HoldForecasts(false);
        _decisions++;
        if (forecast is not null != (call.Outcome == Travel.Forecast) || (forecast is not null && forecast.RungIndex != call.Rung))
        {
            _difference ??= $"at {call.Now.Nanoseconds} ns: recorded {Describe(call.Outcome == Travel.Forecast, call.Rung)}, now {Describe(forecast is not null, forecast?.RungIndex ?? -1)}";
        }

        if (_pending is { } before)
        {
            _parts.Forecasts.Return(before);
        }

        _pending = forecast;
    }

    /// <summary>Where the recorded run had no forecast free, this one has none either.</summary>
    private void HoldForecasts(bool hold)
    {
        while (hold && _parts.Forecasts.TryRent() is { } taken)
        {
            _held.Add(taken);
        }

        foreach (var taken in hold ? [] : _held)
        {
            _parts.Forecasts.Return(taken);
        }

        if (!hold)
        {
            _held.Clear();
        }
    }

    private void MoveTo(Timestamp moment)
    {
        while (_nextEgo < _recording.Ego.Count && _recording.Ego[_nextEgo].ArrivalTime <= moment)
        {
            _parts.Motion.OnEgo(_recording.Ego[_nextEgo++]);
        }

        while (_nextPlan < _recording.Plans.Count && _recording.Plans[_nextPlan].ArrivalTime <= moment)
        {
            _parts.Motion.OnPlan(_recording.Plans[_nextPlan++]);
        }
    }

    private void Publish(SceneForecast forecast, Timestamp judged)
    {
        var known = _recording.Published.TryGetValue(forecast.Tick, out var recorded);
        var onTime = judged < forecast.Deadline ? judged : forecast.Deadline;
        _clock.Now = known && recorded.Late ? forecast.Deadline + TimeSpan.FromTicks(1) : onTime;
        _publisher.Publish(forecast);
        _digest.Add(forecast);
        _forecasts++;
        if (known && !_digest.Bytes.SequenceEqual(recorded.Digest))
        {
            _difference ??= $"the forecast of tick {forecast.Tick} (captured at {forecast.Reference.Nanoseconds} ns) says something else than the recorded one";
        }

        Progress?.Invoke(forecast.Reference);
        _parts.Forecasts.Return(forecast);
        _pending = null;
    }

    private static string Describe(bool forecast, int rung) => forecast ? $"a forecast at rung {rung}" : "no forecast";
}

/// <summary>A clock that stands where it is put: for what was decided by a clock that is no longer there.</summary>
public sealed class RecordedMoment : TimeProvider
{
    public Timestamp Now { get; set; }

    public override long TimestampFrequency => Timestamp.NanosecondsPerSecond;

    public override long GetTimestamp() => Now.Nanoseconds;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(Now.Nanoseconds / TimeSpan.NanosecondsPerTick);
}
