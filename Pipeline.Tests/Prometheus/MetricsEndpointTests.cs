using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Forecast.Adapters.Prometheus;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Prometheus;

/// <summary>The endpoint as a browser, promtool and the real server see it.</summary>
public sealed class MetricsEndpointTests
{
    private static readonly Rig SixCameras = ForecastSamples.RigOf("front", "front_left", "front_right", "rear", "rear_left", "rear_right");

    [Fact]
    public async Task Scrape_OfSixCamerasWithEveryDropReason_HasFewerThan300Series()
    {
        var metrics = Busy();
        for (var camera = 0; camera < 6; camera++)
        {
            foreach (var reason in Enum.GetValues<DropReason>())
            {
                metrics.Ledger.FrameDropped(camera, reason);
            }
        }

        using var endpoint = MetricsEndpoint.Start(metrics, port: 0);
        var series = SeriesOf(await GetAsync(endpoint, "/metrics"));
        Assert.InRange(series.Count, 100, 299);
        Assert.Equal(series.Count, series.Keys.Distinct().Count());
    }

    [Fact]
    public async Task Scrape_OfABusyRun_TellsWhatWasMeasured()
    {
        using var endpoint = MetricsEndpoint.Start(Busy(), port: 0);
        var series = SeriesOf(await GetAsync(endpoint, "/metrics"));
        Assert.Equal(1, series["forecast_capture_to_publish_seconds_bucket{le=\"0.05\"}"]);
        Assert.Equal(2, series["forecast_capture_to_publish_seconds_bucket{le=\"0.1\"}"]);
        Assert.Equal(3, series["forecast_capture_to_publish_seconds_bucket{le=\"+Inf\"}"]);
        Assert.Equal(3, series["forecast_capture_to_publish_seconds_count"]);
        Assert.Equal(0.2400001, series["forecast_capture_to_publish_seconds_sum"], 9);
        Assert.Equal(3, series["forecast_stage_duration_seconds_bucket{stage=\"encode\",le=\"0.02\"}"]);
        Assert.Equal(1, series["forecast_frames_dropped_total{camera=\"rear\",reason=\"pool_empty\"}"]);
        Assert.DoesNotContain("forecast_frames_dropped_total{camera=\"rear\",reason=\"late\"}", series.Keys);
        Assert.Equal(-0.015625, series["forecast_camera_skew_seconds{camera=\"front_left\"}"]);
        Assert.DoesNotContain("forecast_camera_skew_seconds{camera=\"rear\"}", series.Keys);
        Assert.Equal(0, series["forecast_camera_up{camera=\"front\"}"]);
        Assert.Equal(1, series["forecast_risk_level{level=\"high\"}"]);
        Assert.Equal(0, series["forecast_broker_connected"]);
        Assert.Equal(2, series["forecast_queue_depth{queue=\"forecasts\"}"]);
        Assert.Equal((3, 4096), (series["forecast_outbox_events"], series["forecast_outbox_bytes"]));
        Assert.Equal((12.5, 7), (series["forecast_outbox_oldest_age_seconds"], series["forecast_outbox_disk_failures_total"]));
        Assert.Equal(1, series["forecast_outbox_dropped_total{reason=\"expired\"}"]);
        Assert.Equal(5, series["forecast_outbox_dropped_total{reason=\"journal_refused\"}"]);
        Assert.Equal((1, 0), (series["forecast_state_resets_total{reason=\"ego_jump\"}"], series["forecast_state_resets_total{reason=\"gap\"}"]));
        Assert.Equal(1, series["forecast_ego_origin{origin=\"measured\"}"]);
        Assert.Contains(series.Keys, key => key.StartsWith("forecast_model_info{name=\"nano\"", StringComparison.Ordinal) && key.Contains("provider=\"cpu\\\"0\\\"\""));
    }

    [NeedsCommandFact("promtool")]
    public async Task Scrape_OfABusyRun_PassesPromtool()
    {
        using var endpoint = MetricsEndpoint.Start(Busy(), port: 0);
        var start = new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(await GetAsync(endpoint, "/metrics"));
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.Equal((0, ""), (promtool.ExitCode, said));
    }

    [NeedsCommandFact("prometheus")]
    [Trait("Category", "Slow")]
    public async Task Scrape_ByTheRealServer_AnswersItsQueries()
    {
        using var endpoint = MetricsEndpoint.Start(Busy(), port: 0);
        using var server = new PrometheusServer(endpoint.Port);
        Assert.Equal("3", await server.QueryAsync("forecast_capture_to_publish_seconds_count"));
        Assert.Equal("2", await server.QueryAsync("forecast_capture_to_publish_seconds_bucket{le=\"0.1\"}"));
        Assert.Equal("1", await server.QueryAsync("up{job=\"forecast\"}"));
    }

    [Theory]
    [InlineData(HealthState.Starting, HttpStatusCode.OK)]
    [InlineData(HealthState.Nominal, HttpStatusCode.OK)]
    [InlineData(HealthState.Degraded, HttpStatusCode.OK)]
    [InlineData(HealthState.Stale, HttpStatusCode.ServiceUnavailable)]
    [InlineData(HealthState.Fault, HttpStatusCode.ServiceUnavailable)]
    public async Task Healthz_InAState_SaysWhetherForecastsCanBeUsed(HealthState state, HttpStatusCode status)
    {
        var metrics = Busy();
        var report = ForecastSamples.Health(SixCameras);
        report.State = state;
        metrics.Report(report);
        using var endpoint = MetricsEndpoint.Start(metrics, port: 0);
        using var client = new HttpClient();
        using var answer = await client.GetAsync($"http://127.0.0.1:{endpoint.Port}/healthz");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(state.ToString().ToLowerInvariant() + "\n", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Get_OfAnotherPath_IsNotFound()
    {
        using var endpoint = MetricsEndpoint.Start(Busy(), port: 0);
        using var client = new HttpClient();
        using var answer = await client.GetAsync($"http://127.0.0.1:{endpoint.Port}/");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public void Start_OnABusyPort_SaysSoAndWhatToDo()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var refused = Assert.Throws<IOException>(() => MetricsEndpoint.Start(Busy(), port));
        Assert.Equal($"metrics: 127.0.0.1:{port} is in use by another program; choose another port with --metrics PORT, or 0 for none", refused.Message);
    }

    [Fact]
    public async Task Write_AfterWarmUp_AllocatesLittle()
    {
        using var endpoint = MetricsEndpoint.Start(Busy(), port: 0);
        await GetAsync(endpoint, "/metrics");
        var exposition = new Exposition(Busy());
        var text = new System.Buffers.ArrayBufferWriter<byte>(64 * 1024);
        var allocated = SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 10; i++)
            {
                text.ResetWrittenCount();
                exposition.Write(text);
            }
        });

        Assert.InRange(allocated / 10, 0, 32 * 1024);
    }

    /// <summary>Three forecasts, at 40 ms, exactly at the budget of 100 ms, and 100 ns later; a report; a few drops.</summary>
    private static PipelineMetrics Busy()
    {
        var ledger = new Ledger(6);
        ledger.FrameCaptured(3);
        ledger.FrameDropped(3, DropReason.PoolEmpty);
        ledger.SetFormed();
        ledger.StateReset(ResetReason.EgoJump);
        var metrics = new PipelineMetrics(SixCameras, ForecastSamples.Manifest, TimeSpan.FromMilliseconds(100), ledger, "cpu\"0\"", "0.1.0");
        var forecast = ForecastSamples.Complete();
        forecast.Times[Stage.Encode] = 20_000_000;
        foreach (var latency in new[] { 400_000, 1_000_000, 1_000_001 })
        {
            metrics.Published(forecast, forecast.CaptureFirst + TimeSpan.FromTicks(latency));
        }

        var report = ForecastSamples.Health(SixCameras);
        (report.Outbox.Events, report.Outbox.Bytes, report.Outbox.OldestAgeS, report.Outbox.DiskFailures) = (3, 4096, 12.5, 7);
        (report.Outbox.Dropped[(int)OutboxDrop.Expired], report.Outbox.Dropped[(int)OutboxDrop.JournalRefused]) = (1, 5);
        metrics.Report(report);
        return metrics;
    }

    private static async Task<string> GetAsync(MetricsEndpoint endpoint, string path)
    {
        using var client = new HttpClient();
        using var answer = await client.GetAsync($"http://127.0.0.1:{endpoint.Port}{path}");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        return await answer.Content.ReadAsStringAsync();
    }

    private static Dictionary<string, double> SeriesOf(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => !line.StartsWith('#'))
        .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
}
