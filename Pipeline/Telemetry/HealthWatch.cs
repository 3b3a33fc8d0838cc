using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// Judges from outside how the pipeline does, by the reasons of <see cref="HealthRules"/>. One thread asks for reports; <see cref="WhyUnreliable"/> may be another's; what they read is
/// written by others.
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
    private readonly (Pulse Pulse, string Code)[] _edges;
    private readonly Timestamp _started;
    private Timestamp _before;

    /// <param name="others">Threads that are not the pipeline's own.</param>
    public HealthWatch(ForecastPipeline pipeline, ForecastPublisher publisher, RigClock clock, TimeSpan period, params IReadOnlyList<Pulse> others)
    {
        _pipeline = pipeline;
        _publisher = publisher;
        _clock = clock;
        _stale = period * 3 < StaleAfter ? period * 3 : StaleAfter;
        _capturedBefore = new long[pipeline.Cameras.Count];
        _edges = [.. pipeline.Pulses.Concat(others).Select(pulse => (pulse, $"{pulse.Edge}_hung"))];
        _started = clock.Now;
        _before = _started;
    }

    /// <summary>The code of the first reason for which forecasts are not to be relied on at all; null: none. Waits for nobody and allocates nothing.</summary>
    public string? WhyUnreliable()
    {
        var now = _clock.Now;
        foreach (var (pulse, code) in _edges)
        {
            if (pulse.IsHung(now, _stale))
            {
                return code;
            }
        }

        return _pipeline.IsBroken ? "pipeline_broke" : IsSilent(now) ? "no_forecast" : null;
    }

    /// <summary>Fills everything but the outbox, which is its owner's to fill before.</summary>
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

        if (report.Outbox.MemoryOnly)
        {
            report.Reasons.Add("outbox_memory_only");
        }

        if (egoOrigin == EgoOrigin.Estimated)
        {
            report.Reasons.Add("ego_missing");
        }

        FillEdges(report, now);
        report.State = HealthRules.StateOf(report.Reasons);
        _before = now;
    }

    /// <summary>None left for too long; before the first, since the start.</summary>
    private bool IsSilent(Timestamp now) => _publisher.LastPublished is { } last ? now - last > _stale : now - _started >= StartLimit;

    private void FillEdges(HealthReport report, Timestamp now)
    {
        foreach (var (pulse, code) in _edges)
        {
            if (pulse.IsHung(now, _stale))
            {
                report.Reasons.Add(code);
            }
        }

        if (_pipeline.IsBroken)
        {
            report.Reasons.Add("pipeline_broke");
        }

        if (IsSilent(now))
        {
            report.Reasons.Add("no_forecast");
        }
        else if (_publisher.LastPublished is null)
        {
            report.Reasons.Add("starting");
        }
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
            var missing = trace.Missing;
            camera.State = missing is (MissingReason.None or MissingReason.Shed) && camera.AgeS > CameraSilentAfter.TotalSeconds ? MissingReason.NoFrame
                : missing == MissingReason.Shed ? MissingReason.None : missing; // one that is shed is sound
            if (missing == MissingReason.Shed)
            {
                report.Reasons.Add($"camera_shed:{camera.Name}");
            }

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
        MissingReason.Lost => $"camera_lost:{camera.Name}",
        MissingReason.Frozen => $"camera_frozen:{camera.Name}",
        MissingReason.Black => $"camera_black:{camera.Name}",
        MissingReason.OutOfTolerance => $"camera_out_of_tolerance:{camera.Name}",
        _ => $"camera_silent:{camera.Name}",
    };
}
