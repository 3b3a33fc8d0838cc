using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Replay.Recording;

/// <summary>
/// Every forecast into the recording: its messages in protobuf, with numbers of their own, and what viewers show; and the digest of all so far, against which a
/// replay of the recorded decisions is held. Never refuses: what the recorder has no room for it counts.
/// </summary>
public sealed class RecordingSink(Recorder recorder, ModelManifest manifest, Rig rig, MessageIdentity identity, RigClock clock) : IForecastSink
{
    private readonly ForecastEncoder _encoder = new(manifest, rig, identity, MessageEncoding.Protobuf);
    private readonly ForecastEncoder _reports = new(manifest, rig, identity, MessageEncoding.Protobuf);
    private readonly CanonicalDigest _digest = new(manifest, rig);
    private readonly ProtoWriter _message = new();
    private readonly byte[] _cells = new byte[manifest.Grid.SizeX * manifest.Grid.SizeY];
    private long _sequence;
    private long _reported;

    public string Name => "recording";

    /// <summary>64 hexadecimal digits over all forecasts so far.</summary>
    public string Digest => _digest.Value;

    public SinkResult Publish(SceneForecast forecast)
    {
        var now = clock.Now;
        var stamp = new MessageStamp(_sequence++, now);
        recorder.Tell(RecordingStreams.Risk, now, _encoder.Risk(forecast, stamp));
        recorder.Tell(RecordingStreams.Intended, now, _encoder.Plan(forecast, stamp));
        recorder.Tell(RecordingStreams.Scene, now, _encoder.Scene(forecast, stamp));
        if (forecast.Edge != AlarmEdge.None)
        {
            recorder.Tell(RecordingStreams.RiskEvent, now, _encoder.RiskEvent(forecast, stamp));
        }

        if (forecast.SurpriseEdge != AlarmEdge.None)
        {
            recorder.Tell(RecordingStreams.SurpriseEvent, now, _encoder.SurpriseEvent(forecast, stamp));
        }

        recorder.Tell(RecordingStreams.Occupancy, now, FoxgloveMessages.Occupancy(_message, forecast, manifest.Grid, manifest.OccupancyClasses.Count, _cells));
        recorder.Tell(RecordingStreams.Path, now, FoxgloveMessages.Path(_message, forecast));
        _digest.Add(forecast);
        _message.Clear().Int64(1, forecast.Tick).Int64(2, forecast.CaptureFirst.Nanoseconds).Bool(3, (forecast.Reasons & DegradedReasons.DeadlineMissed) != 0);
        recorder.Tell(RecordingStreams.Published, now, _message.Bytes(4, _digest.Bytes).Written);
        return SinkResult.Taken;
    }

    /// <summary>Once a second, from one thread.</summary>
    public void Report(HealthReport health, LatencyReport latency)
    {
        var now = clock.Now;
        var stamp = new MessageStamp(_reported++, now);
        recorder.Tell(RecordingStreams.Health, now, _reports.Health(health, stamp));
        recorder.Tell(RecordingStreams.Latency, now, _reports.Latency(latency, stamp));
    }

    public bool Flush(TimeSpan limit) => true;

    public void Dispose()
    {
        _encoder.Dispose();
        _reports.Dispose();
    }
}
