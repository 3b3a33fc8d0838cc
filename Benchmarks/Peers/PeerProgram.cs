using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Forecast.Benchmarks.Peers;

/// <summary>A peer as a program of eng/peers, which says its figures as one line of JSON.</summary>
/// <param name="interpreter">What runs the script: Debian's Python, or node.</param>
public sealed class PeerProgram(string name, string interpreter, string script)
{
    public const string Python = "/usr/bin/python3"; // Debian's packages are this one's, whatever python3 the PATH has first
    public const string Node = "node";
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(30);

    private string? _missing;
    private bool _asked;

    public string Name => name;

    /// <summary>Null when it is there; else one line that says what to do.</summary>
    public string? Missing
    {
        get
        {
            if (!_asked)
            {
                _asked = true;
                _missing = Check();
            }

            return _missing;
        }
    }

    /// <exception cref="InvalidOperationException">It broke, or did not end in time: one line.</exception>
    public JsonElement Measure(TimeSpan limit, params object[] arguments)
    {
        var (code, output, error) = Run(limit, [.. arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)]);
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        return code == 0 && line is not null
            ? JsonDocument.Parse(line).RootElement.Clone()
            : throw new InvalidOperationException($"{name} broke off: {error.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "it said nothing"}");
    }

    /// <summary>Started with its standard streams to talk over; its owner ends it.</summary>
    public Process Start(params object[] arguments) => Start([.. arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)]);

    private string? Check()
    {
        try
        {
            return Run(CheckLimit, ["--check"]).Code == 0 ? null : $"{name} is missing; eng/peers.sh installs it";
        }
        catch (Exception absent) when (absent is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return $"{name} is missing; eng/peers.sh installs it";
        }
    }

    private (int Code, string Output, string Error) Run(TimeSpan limit, string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{name} did not end within {limit.TotalSeconds:0} s");
        }

        return (process.ExitCode, output.Result, error.Result);
    }

    private Process Start(string[] arguments) => Process.Start(new ProcessStartInfo(interpreter, [script, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
