using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Forecast.Pipeline.Tests.Prometheus;

/// <summary>The real server on loopback, in a folder of its own, scraping one port every 200 ms; ended by the process it is.</summary>
internal sealed class PrometheusServer : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-prometheus-").FullName;
    private readonly HttpClient _client = new();
    private readonly Process _process;
    private readonly int _port = FreePort();

    public PrometheusServer(int scraped)
    {
        var configuration = Path.Combine(_folder, "prometheus.yml");
        File.WriteAllText(configuration, $"""
            global: {"{"} scrape_interval: 200ms, scrape_timeout: 200ms {"}"}
            scrape_configs:
              - job_name: forecast
                static_configs: [ {"{"} targets: [ "127.0.0.1:{scraped}" ] {"}"} ]
            """);
        var start = new ProcessStartInfo("prometheus", [$"--config.file={configuration}", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{_port}", "--log.level=error"])
        {
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        _process = Process.Start(start)!;
        _process.BeginErrorReadLine();
    }

    /// <summary>The value of the one series that the query gives, as soon as there is one.</summary>
    public async Task<string?> QueryAsync(string query)
    {
        var started = Stopwatch.StartNew();
        while (started.Elapsed < AnswerLimit)
        {
            try
            {
                var answer = await _client.GetStringAsync($"http://127.0.0.1:{_port}/api/v1/query?query={Uri.EscapeDataString(query)}");
                using var document = JsonDocument.Parse(answer);
                var result = document.RootElement.GetProperty("data").GetProperty("result");
                if (result.GetArrayLength() > 0)
                {
                    return result[0].GetProperty("value")[1].GetString();
                }
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            await Task.Delay(200);
        }

        return null;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
