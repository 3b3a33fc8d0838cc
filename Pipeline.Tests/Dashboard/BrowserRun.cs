using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.EndToEnd;

namespace Forecast.Pipeline.Tests.Dashboard;

/// <summary>
/// The scripts of browser/, each run once against a program of its own: a line `ok NAME` or `not ok NAME: why` for each of their tests. With
/// FORECAST_PICTURES=DIR they leave the README's pictures there.
/// </summary>
public sealed class BrowserRun : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan ScriptLimit = TimeSpan.FromMinutes(6);

    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, string> _results = [];
    private (ForecastProgram Program, string Url)? _finished;

    private static string Scripts => Path.Combine(RealData.Repository, "Pipeline.Tests", "Dashboard", "browser");

    /// <summary>Passes where the script said so.</summary>
    internal void Check(string script, string test)
    {
        if (!_results.TryGetValue(script, out var output))
        {
            output = _results[script] = Run(script);
        }

        var line = output.Split('\n').FirstOrDefault(said => said == $"ok {test}" || said.StartsWith($"not ok {test}:", StringComparison.Ordinal));
        Assert.True(line == $"ok {test}", line ?? $"{script} did not come to it:\n{output}");
    }

    public void Dispose()
    {
        _finished?.Program.Dispose();
        _folder.Dispose();
    }

    private string Run(string script)
    {
        var pictures = Environment.GetEnvironmentVariable("FORECAST_PICTURES") ?? "";
        if (script == "live")
        {
            var (program, at) = Start("dashboard on", "demo");
            using (program)
            {
                return Node("5", "live.mjs", at, $"{program.Id}", pictures); // the pipeline that it looks at has deadlines
            }
        }

        _finished ??= Start("dashboard stays", "replay", Needs.Folder(Needs.NearMiss));
        var url = _finished.Value.Url;
        return script switch
        {
            "finished" => Node("0", "finished.mjs", url, pictures),
            "hours" => Node("0", "made.mjs", url, "2.5"),
            "eight hours" => Node("0", "made.mjs", url, "8"),
            _ => Node("0", "made.mjs", url),
        };
    }

    private (ForecastProgram Program, string Url) Start(string until, params string[] play)
    {
        var port = FreePort();
        var program = new ForecastProgram(_folder.Path, [.. play, "--stay", "--metrics", "0", "--dashboard", $"{port}"]);
        program.WaitForLine(until, StartLimit);
        return (program, $"http://127.0.0.1:{port}/");
    }

    private static string Node(string niceness, params string[] words)
    {
        var start = new ProcessStartInfo("nice", ["-n", niceness, "node", .. words]) { WorkingDirectory = Scripts, RedirectStandardOutput = true, RedirectStandardError = true };
        using var node = Process.Start(start)!;
        var (said, complained) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        if (!node.WaitForExit(ScriptLimit))
        {
            node.Kill(entireProcessTree: true);
            node.WaitForExit();
        }

        return $"{said.GetAwaiter().GetResult()}\n{complained.GetAwaiter().GetResult()}";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
