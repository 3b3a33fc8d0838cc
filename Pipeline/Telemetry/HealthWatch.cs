using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// Judges from outside how the pipeline does: stale when no forecast has left for three periods or half a second, the shorter; degraded when a
/// camera, its clock, the broker or the vehicle's motion is away. One thread asks; what it reads is written by others.
/// </summary>
public sealed class HealthWatch
{
    private static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CameraSilentAfter = TimeSpan.FromSeconds(0.5);

    private readonly ForecastPipeline _pipeline;
    private readonly ForecastPublisher _publisher;
    private readonly RigClock _clock;
    private readonly TimeSpan _stale;
    private readonly long[] _capturedBefore;
    private readonly Timestamp _started;
    private Timestamp _before;

    public HealthWatch(ForecastPipeline pipeline, ForecastPublisher publisher, RigClock clock, TimeSpan period)
    {
        _pipeline = pipeline;
        _publisher = publisher;
        _clock = clock;
        _stale = period * 3 < StaleAfter ? period * 3 : StaleAfter;
        _capturedBefore = new long[pipeline.Cameras.Count];
        _started = clock.Now;
        _before = _started;
    }

    /// <summary>True when the newest forecast left too long ago to be relied on.</summary>
    public bool IsStale => _publisher.LastPublished is { } last && _clock.Now - last > _stale;

    public void Fill(HealthReport report, bool brokerConnected, EgoOrigin egoOrigin, string provider)
    {
        var now = _clock.Now;
        report.Time = now;
        report.Provider = provider;
        report.BrokerConnected = brokerConnected;
        report.WallClockOffset = _clock.WallClockOffset;
        (report.FrameQueue, report.PublishQueue) = _pipeline.Queued;
        _pipeline.Ledger.CopyTo(report.Ledger);
        report.Reasons.Clear();
        FillCameras(report, now);
        if (!brokerConnected)
        {
            report.Reasons.Add("broker_away");
        }

        if (egoOrigin == EgoOrigin.Estimated)
        {
            report.Reasons.Add("ego_missing");
        }

        var starting = _publisher.LastPublished is null && now - _started < StartLimit;
        report.State = starting ? HealthState.Starting
            : IsStale || _publisher.LastPublished is null ? HealthState.Stale
            : report.Reasons.Count > 0 ? HealthState.Degraded
            : HealthState.Nominal;
        if (report.State == HealthState.Stale)
        {
            report.Reasons.Add("no_forecast");
        }

        _before = now;
    }

    private void FillCameras(HealthReport report, Timestamp now)
    {
        var seconds = Math.Max(1e-3, now.SecondsSince(_before));
        for (var i = 0; i < report.Cameras.Length; i++)
        {
            var camera = report.Cameras[i];
            var trace = _pipeline.Journey.Traces[i];
            var captured = report.Ledger.Cameras[i].Captured;
            camera.RateHz = (float)((captured - _capturedBefore[i]) / seconds);
            _capturedBefore[i] = captured;
            camera.AgeS = trace.Newest is { } newest ? (float)now.SecondsSince(newest) : float.NaN;
            camera.SkewS = trace.Newest is null ? float.NaN : (float)trace.Skew.TotalSeconds;
            camera.State = trace.Missing == MissingReason.None && camera.AgeS > CameraSilentAfter.TotalSeconds ? MissingReason.NoFrame : trace.Missing;
            if (camera.State != MissingReason.None)
            {
                report.Reasons.Add(ReasonOf(camera));
            }

            if (trace.Ahead != TimeSpan.Zero)
            {
                report.Reasons.Add($"camera_clock_jumped:{camera.Name}");
            }
        }
    }

    private static string ReasonOf(CameraHealth camera) => camera.State switch
    {
        MissingReason.Shed => $"camera_shed:{camera.Name}",
        MissingReason.Lost => $"camera_lost:{camera.Name}",
        MissingReason.Frozen => $"camera_frozen:{camera.Name}",
        MissingReason.Black => $"camera_black:{camera.Name}",
        MissingReason.OutOfTolerance => $"camera_out_of_tolerance:{camera.Name}",
        _ => $"camera_silent:{camera.Name}",
    };
}
