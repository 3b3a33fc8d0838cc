using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Telemetry;

/// <summary>Fills the latency report from what was measured since the last one; one thread, once a second, nothing allocated.</summary>
public sealed class LatencyReporter(PipelineMetrics metrics)
{
    private readonly LatencyWindow _total = new(metrics.CaptureToPublish.Run);
    private readonly LatencyWindow[] _stages = [.. metrics.Stages.Select(stage => new LatencyWindow(stage.Run))];
    private readonly long[] _lastReadyBefore = new long[metrics.Cameras.Count];
    private Timestamp? _before;

    public void Fill(LatencyReport report, Timestamp now)
    {
        report.Time = now;
        report.Window = _before is { } before ? now - before : TimeSpan.Zero;
        report.Budget = metrics.Budget;
        report.CaptureToPublish = _total.Turn();
        report.CriticalStage = null;
        var greatest = -1.0;
        for (var stage = 0; stage < _stages.Length; stage++)
        {
            var figures = _stages[stage].Turn();
            report.Stages[stage] = figures;
            if (figures.Count > 0 && figures.P99Ms > greatest)
            {
                greatest = figures.P99Ms;
                report.CriticalStage = (Stage)stage;
            }
        }

        report.CriticalCamera = OftenestLast();
        _before = now;
    }

    private int OftenestLast()
    {
        var oftenest = -1;
        var most = 0L;
        for (var camera = 0; camera < _lastReadyBefore.Length; camera++)
        {
            var now = metrics.TimesLastReady(camera);
            var gained = now - _lastReadyBefore[camera];
            _lastReadyBefore[camera] = now;
            if (gained > most)
            {
                most = gained;
                oftenest = camera;
            }
        }

        return oftenest;
    }
}
