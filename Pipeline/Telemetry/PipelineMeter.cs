using System.Diagnostics.Metrics;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// The main figures as System.Diagnostics.Metrics, so that an OpenTelemetry exporter can be attached to the meter "Forecast". Observable
/// instruments only: they are read when a listener asks, and cost the pipeline nothing. The latencies are given as quantiles of
/// the run, since a histogram instrument would have to be told of every recording.
/// </summary>
public sealed class PipelineMeter : IDisposable
{
    public const string Name = "Forecast";

    private static readonly string[] Reasons = Enum.GetNames<DropReason>();

    private readonly Meter _meter = new(Name);
    private readonly PipelineMetrics _metrics;

    public PipelineMeter(PipelineMetrics metrics)
    {
        _metrics = metrics;
        _meter.CreateObservableCounter("forecast.frame_sets.published", () => metrics.Ledger.Copy().Published, "{frame_set}");
        _meter.CreateObservableCounter("forecast.frame_sets.dropped", SetDrops, "{frame_set}");
        _meter.CreateObservableCounter("forecast.frames.captured", Captured, "{frame}");
        _meter.CreateObservableCounter("forecast.frames.dropped", FrameDrops, "{frame}");
        _meter.CreateObservableCounter("forecast.alarms", () => metrics.Alarms, "{alarm}");
        _meter.CreateObservableGauge("forecast.capture_to_publish.quantile", Quantiles, "s");
        _meter.CreateObservableGauge("forecast.risk.probability", Probabilities, "1");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> SetDrops()
    {
        var drops = _metrics.Ledger.Copy().SetDrops;
        return drops.Select((count, reason) => new Measurement<long>(count, new KeyValuePair<string, object?>("reason", Reasons[reason])));
    }

    private IEnumerable<Measurement<long>> Captured()
    {
        var cameras = _metrics.Ledger.Copy().Cameras;
        return cameras.Select((counts, i) => new Measurement<long>(counts.Captured, new KeyValuePair<string, object?>("camera", _metrics.Cameras[i].Name)));
    }

    private IEnumerable<Measurement<long>> FrameDrops() =>
        from camera in _metrics.Ledger.Copy().Cameras.Zip(_metrics.Cameras)
        from drop in camera.First.Dropped.Select((count, reason) => (Count: count, Reason: Reasons[reason]))
        where drop.Count > 0
        select new Measurement<long>(drop.Count, new("camera", camera.Second.Name), new("reason", drop.Reason));

    private IEnumerable<Measurement<double>> Quantiles()
    {
        var figures = _metrics.CaptureToPublish.Run.Figures();
        return figures.Count == 0
            ? []
            : new[] { (0.5, figures.P50Ms), (0.95, figures.P95Ms), (0.99, figures.P99Ms), (1.0, figures.MaxMs) }
                .Select(pair => new Measurement<double>(pair.Item2 / 1000, new KeyValuePair<string, object?>("quantile", pair.Item1)));
    }

    private IEnumerable<Measurement<double>> Probabilities() =>
        from k in Enumerable.Range(0, _metrics.Manifest.HorizonsS.Count)
        let probability = _metrics.Probability(k)
        where float.IsFinite(probability)
        select new Measurement<double>(probability, new KeyValuePair<string, object?>("horizon", _metrics.Manifest.HorizonsS[k]));
}
