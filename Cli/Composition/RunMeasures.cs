using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Cli.Composition;

/// <summary>Keeps what the summary needs beside the metrics: allocation in steady state, the collector's pauses, the newest rolling skill.</summary>
internal sealed class RunMeasures : IJourneyObserver
{
    /// <summary>Steady state begins here: everything was used once, tiered compilation has had its turn.</summary>
    private const int WarmForecasts = 50;

    private readonly PipelineMetrics _metrics;
    private readonly float[] _skill;
    private readonly int _gen2Before = GC.CollectionCount(2);
    private readonly TimeSpan _pauseBefore = GC.GetTotalPauseDuration();
    private long _published;
    private long _allocatedAtWarm;
    private long _allocatedAtLast;

    public RunMeasures(PipelineMetrics metrics)
    {
        _metrics = metrics;
        _skill = new float[metrics.Manifest.HorizonsS.Count];
        Array.Fill(_skill, float.NaN);
    }

    public void Published(SceneForecast forecast, Timestamp moment)
    {
        _metrics.Published(forecast, moment);
        forecast.RollingSkill.CopyTo(_skill, 0);
        _allocatedAtLast = GC.GetTotalAllocatedBytes();
        if (++_published == WarmForecasts)
        {
            _allocatedAtWarm = _allocatedAtLast;
        }
    }

    /// <param name="duration">Of the recording; null for live cameras.</param>
    public Summary Summarise(LedgerCopy ledger, TimeSpan elapsed, TimeSpan? duration)
    {
        var stages = new Dictionary<Stage, Percentiles>();
        foreach (var stage in Enum.GetValues<Stage>())
        {
            stages[stage] = PercentilesOf(_metrics.Stages[(int)stage].Run.Figures());
        }

        var overhead = _metrics.Overhead.Figures();
        return new Summary
        {
            Framesets = Summary.FramesetsOf(ledger),
            Frames = Summary.FramesOf(ledger, [.. _metrics.Cameras.Select(camera => camera.Name)]),
            Latency = new LatencySummary(PercentilesOf(_metrics.CaptureToPublish.Run.Figures()), stages),
            DeadlineMissRatio = Summary.DeadlineMissRatioOf(ledger),
            Overhead = overhead.Count == 0 ? null : new OverheadSummary(overhead.P50Ms, overhead.P99Ms),
            AllocBytesPerFrameset = _published > WarmForecasts ? (_allocatedAtLast - _allocatedAtWarm) / (double)(_published - WarmForecasts) : null,
            Gc = new GcSummary(GC.CollectionCount(2) - _gen2Before, (GC.GetTotalPauseDuration() - _pauseBefore) / elapsed),
            RealtimeFactor = duration / elapsed,
            RiskEvents = _metrics.Alarms,
            Skill = [.. _metrics.Manifest.HorizonsS.Select((horizon, k) => new HorizonSkill(horizon, _skill[k]))],
        };
    }

    private static Percentiles PercentilesOf(LatencyFigures figures) => new(figures.P50Ms, figures.P95Ms, figures.P99Ms, figures.MaxMs);
}
