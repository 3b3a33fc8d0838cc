using System.Diagnostics;
using System.Globalization;

namespace Forecast.Benchmarks.Peers;

/// <summary>An independent subscriber whose session the broker keeps: Debian's mosquitto_sub, which comes back by itself.</summary>
public sealed class KeptSubscriber : IDisposable
{
    private readonly Process _process;
    private readonly List<Heard> _heard = [];

    public KeptSubscriber(int port, string filter)
    {
        _process = Process.Start(new ProcessStartInfo(
            "stdbuf",
            ["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-V", "5", "-c", "-i", "kept", "-x", "3600", "-q", "1", "-F", "%t %p", "-t", filter])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>A copy, in the order of hearing.</summary>
    public IReadOnlyList<Heard> All
    {
        get
        {
            lock (_heard)
            {
                return [.. _heard];
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        var blank = line?.IndexOf(' ') ?? -1;
        if (blank > 0)
        {
            lock (_heard)
            {
                _heard.Add(new Heard(line![..blank], line[(blank + 1)..], Stopwatch.GetTimestamp()));
            }
        }
    }
}

/// <param name="At">Of Stopwatch, which on Linux counts the nanoseconds of the monotonic clock, as the peers' do.</param>
public readonly record struct Heard(string Topic, string Payload, long At)
{
    public bool IsEvent => Topic.EndsWith("/risk/event", StringComparison.Ordinal);

    public bool IsForecast => Topic.EndsWith("/risk", StringComparison.Ordinal) || Topic.EndsWith("/plan", StringComparison.Ordinal) || Topic.EndsWith("/scene", StringComparison.Ordinal);
}
