using System.Diagnostics;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Forecast.Pipeline.Tests.Prometheus;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>/metrics of a demo while it runs, as promtool and the real server see it.</summary>
[Collection(EndToEndTests.Name)]
public sealed class MetricsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker, "promtool", "prometheus")]
    [Trait("Category", "Slow")]
    public async Task Demo_WhileItRuns_IsScrapedByTheRealServer()
    {
        var port = Mosquitto.FreePort();
        using var demo = new ForecastProgram(_folder.Path, "demo", "--drive", "calm", "--metrics", $"{port}");
        demo.WaitForLine($"metrics on http://127.0.0.1:{port}/metrics", Limit);
        using var server = new PrometheusServer(port);
        using var client = new HttpClient();
        var text = "";
        Eventually.True(
            () => (text = client.GetStringAsync($"http://127.0.0.1:{port}/metrics").Result).Split('\n').Any(line => line.StartsWith("forecast_frame_sets_published_total ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)),
            "nothing published");

        Assert.Equal((0, ""), await PromtoolAsync(text));
        var series = text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToList();
        Assert.InRange(series.Count, 100, 299);
        Assert.Equal(6, series.Count(line => line.StartsWith("forecast_frames_captured_total{", StringComparison.Ordinal)));
        Assert.Contains(series, line => line.StartsWith("forecast_capture_to_publish_seconds_bucket{le=\"0.1\"}", StringComparison.Ordinal));
        Assert.Equal("1", await server.QueryAsync("up{job=\"forecast\"} == 1"));
        Assert.Equal("6", await server.QueryAsync("count(forecast_camera_up == 1)"));
        Assert.NotNull(await server.QueryAsync("histogram_quantile(0.99, forecast_capture_to_publish_seconds_bucket)"));
        Assert.True(demo.WaitForExit(Limit) == 0, demo.ToString());
    }

    private static async Task<(int ExitCode, string Said)> PromtoolAsync(string text)
    {
        var start = new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        return (promtool.ExitCode, said);
    }
}
