using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The built `forecast` command as a process of its own, ended by its id when the test is over.</summary>
internal sealed partial class ForecastProgram : IDisposable
{
    public const int Terminate = 15;

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _error = [];
    private readonly string _shown;

    /// <param name="folder">The current folder of the process.</param>
    public ForecastProgram(string folder, params string[] arguments)
        : this(folder, home: null, arguments)
    {
    }

    /// <param name="home">The user's folder; null: that of whoever runs the tests.</param>
    public ForecastProgram(string folder, string? home, string[] arguments)
        : this(folder, home, ["dotnet", Command, .. arguments], $"forecast {string.Join(' ', arguments)}")
    {
    }

    private ForecastProgram(string folder, string? home, string[] words, string shown)
    {
        _shown = shown;
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("FORECAST_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        if (home is not null)
        {
            start.Environment["HOME"] = home;
            start.Environment["DOTNET_CLI_HOME"] = home;
            start.Environment.Remove("XDG_CACHE_HOME");
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IReadOnlyList<string> Output => Copy(_output);

    public IReadOnlyList<string> Error => Copy(_error);

    public bool HasExited => _process.HasExited;

    public int Id => _process.Id;

    private static string Command => Path.Combine(AppContext.BaseDirectory, "forecast.dll");

    /// <summary>As on a disk that is nearly full: it may write no file beyond this size. The runtime's own double mapping of its code is one, so it goes without.</summary>
    public static ForecastProgram WithLargestFile(string folder, int kibibytes, string[] arguments) => new(
        folder,
        home: null,
        ["bash", "-c", "export DOTNET_EnableWriteXorExecute=0; ulimit -f \"$0\"; trap '' XFSZ; exec dotnet \"$@\"", kibibytes.ToString(CultureInfo.InvariantCulture), Command, .. arguments],
        $"forecast {string.Join(' ', arguments)}");

    /// <summary>As on a machine short of memory: it may have so much of its own to write to.</summary>
    public static ForecastProgram WithLittleMemory(string folder, int kibibytes, string[] arguments) => new(
        folder,
        home: null,
        ["bash", "-c", "ulimit -d \"$0\"; exec dotnet \"$@\"", kibibytes.ToString(CultureInfo.InvariantCulture), Command, .. arguments],
        $"forecast {string.Join(' ', arguments)}");

    /// <summary>Runs it to its end.</summary>
    public static ForecastProgram Run(string folder, TimeSpan limit, params string[] arguments)
    {
        var program = new ForecastProgram(folder, arguments);
        program.WaitForExit(limit);
        return program;
    }

    /// <summary>The first line on standard output that has this text in it.</summary>
    public string WaitForLine(string text, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Output.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            Assert.False(HasExited, $"it ended without saying \"{text}\": {this}");
            Assert.True(Stopwatch.GetElapsedTime(began) < limit, $"no \"{text}\" within {limit.TotalSeconds} s: {this}");
            Thread.Sleep(10);
        }
    }

    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <returns>The exit code.</returns>
    public int WaitForExit(TimeSpan limit)
    {
        Assert.True(_process.WaitForExit(limit), $"it did not end within {limit.TotalSeconds} s: {this}");
        _process.WaitForExit(); // until its last lines are read
        return _process.ExitCode;
    }

    public override string ToString() =>
        $"{_shown}{(_process.HasExited ? $" ended with {_process.ExitCode}" : " runs")}\n{string.Join('\n', Output)}\n{string.Join('\n', Error)}";

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static void Keep(List<string> lines, string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }

    private static string[] Copy(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
