using System.Diagnostics.Metrics;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Telemetry;

public sealed class PipelineMetricsTests
{
    [Theory]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(73)]
    public void Edges_OfAHistogram_HaveOneExactlyAtTheBudget(int budgetMs)
    {
        var histogram = new StageHistogram(TimeSpan.FromMilliseconds(budgetMs));
        var edge = histogram.EdgesNs.IndexOf(budgetMs * 1_000_000L);
        Assert.NotEqual(-1, edge);
        histogram.Record(budgetMs * 1_000_000L);
        histogram.Record((budgetMs * 1_000_000L) + 1);
        Assert.Equal((1, 1), (histogram.InBucket(edge), histogram.InBucket(edge + 1)));
        Assert.True(histogram.EdgesNs.SequenceEqual([.. histogram.EdgesNs.ToArray().Distinct().Order()]));
    }

    [Fact]
    public void Published_AForecast_RecordsEachStageAndWhatThePipelineItselfAdded()
    {
        var metrics = Metrics();
        var forecast = ForecastSamples.Complete();
        foreach (var stage in Enum.GetValues<Stage>())
        {
            forecast.Times[stage] = ((int)stage + 1) * 1_000_000;
        }

        metrics.Published(forecast, forecast.CaptureFirst + TimeSpan.FromMilliseconds(80));
        Assert.Equal(80, metrics.CaptureToPublish.Run.Figures().MaxMs);
        Assert.Equal(Enumerable.Range(1, StageTimes.Count).Select(ms => (double)ms), metrics.Stages.Select(stage => stage.Run.Figures().MaxMs));
        Assert.Equal(80 - 1 - 2 - 5 - 6 - 7, metrics.Overhead.Figures().MaxMs);
        Assert.Equal((3, 16, 1, RiskLevel.High), (metrics.CamerasInBatch, metrics.Manoeuvres, metrics.Alarms, metrics.Level));
        Assert.Equal(forecast.Probability[4], metrics.Probability(4));
        Assert.Equal((0.875f, 1), (metrics.Similarity, metrics.NewScenes));
        Assert.Equal((5.5f, true, 1, 4), (metrics.SurpriseScore, metrics.Surprised, metrics.Surprises, metrics.SurpriseShed));
    }

    [Fact]
    public void Published_WithNothingImagined_LeavesTheRiskUnknown()
    {
        var metrics = Metrics();
        var forecast = ForecastSamples.Complete();
        forecast.Manoeuvres = 0;
        forecast.Level = RiskLevel.Unspecified;
        metrics.Published(forecast, forecast.Deadline);
        Assert.True(float.IsNaN(metrics.Probability(0)));
        Assert.Equal(RiskLevel.Unknown, metrics.Level);
    }

    [Fact]
    public void Published_AfterWarmUp_AllocatesNothing()
    {
        var metrics = Metrics();
        using var meter = new PipelineMeter(metrics);
        var forecast = ForecastSamples.Complete();
        var reporter = new LatencyReporter(metrics);
        var report = new LatencyReport();
        var health = ForecastSamples.Health();
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                metrics.Published(forecast, forecast.Deadline);
                metrics.Report(health);
                reporter.Fill(report, forecast.Deadline);
            }
        }));
    }

    [Fact]
    public void Fill_AfterASecond_NamesTheCriticalStageAndTheCameraThatWasLast()
    {
        var metrics = Metrics();
        var reporter = new LatencyReporter(metrics);
        var report = new LatencyReport();
        reporter.Fill(report, new Timestamp(0));
        Assert.Equal((null, -1), (report.CriticalStage, report.CriticalCamera));
        for (var i = 0; i < 10; i++)
        {
            var forecast = ForecastSamples.Complete();
            forecast.Times[Stage.Remember] = 9_000_000;
            forecast.Times.LastCamera = i < 6 ? 2 : 0;
            metrics.Published(forecast, forecast.CaptureFirst + TimeSpan.FromMilliseconds(60));
        }

        reporter.Fill(report, new Timestamp(1_000_000_000));
        Assert.Equal((Stage.Remember, 2, TimeSpan.FromSeconds(1)), (report.CriticalStage!.Value, report.CriticalCamera, report.Window));
        Assert.Equal(10, report.CaptureToPublish.Count);
        Assert.InRange(report.CaptureToPublish.P99Ms, 59.5, 60.5);
        reporter.Fill(report, new Timestamp(2_000_000_000));
        Assert.Equal((0, null, -1), (report.CaptureToPublish.Count, report.CriticalStage, report.CriticalCamera));
    }

    [Fact]
    public void Meter_WhenAListenerAsks_TellsWhatTheLedgerHolds()
    {
        var metrics = Metrics();
        metrics.Ledger.SetFormed();
        metrics.Ledger.SetDropped(DropReason.Stale);
        metrics.Ledger.FrameCaptured(1);
        metrics.Ledger.FrameDropped(1, DropReason.Late);
        using var meter = new PipelineMeter(metrics);
        var heard = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Meter.Name == PipelineMeter.Name)
            {
                to.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => heard[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}"] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => heard[instrument.Name] = value);
        listener.Start();
        metrics.Published(ForecastSamples.Complete(), new Timestamp(5_080_000_000));
        listener.RecordObservableInstruments();
        Assert.Equal(1, heard["forecast.frame_sets.dropped Stale"]);
        Assert.Equal(1, heard["forecast.frames.dropped left Late"]);
        Assert.Equal(1, heard["forecast.alarms "]);
        Assert.Equal(0.08, heard["forecast.capture_to_publish.quantile"]);
    }

    private static PipelineMetrics Metrics() => new(ForecastSamples.Rig, ForecastSamples.Manifest, TimeSpan.FromMilliseconds(100), new Ledger(3), "cpu", "0.1.0");
}
