using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Doctor;

/// <summary>The machine: cores, clocks, cameras, ports, the configured broker.</summary>
internal static class MachineChecks
{
    private const int FewestCores = 2;
    private const double FewestGigabytes = 2;

    /// <summary>What systemd-timesyncd, chrony and ntpd leave behind while they keep the time.</summary>
    private static readonly string[] TimeServiceSigns = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"];

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    public static IEnumerable<Check> For(Settings settings) =>
    [
        new("cores", Cores),
        new("gpu", Gpu),
        new("clock", Clock),
        new("time", TimeSynchronisation),
        new("cameras", () => Cameras("/dev")),
        new("metrics port", () => MetricsPort(settings.Metrics)),
        new("broker", () => Broker(settings.Broker.Address)),
        new("certificate", () => CertificateCheck.Look(settings.Broker, DateTimeOffset.UtcNow)),
    ];

    internal static Finding MetricsPort(MetricsSettings metrics)
    {
        if (metrics.Port == 0)
        {
            return Finding.Ok("metrics port", "off");
        }

        try
        {
            using var listener = new TcpListener(IPAddress.Parse(metrics.Address), metrics.Port);
            listener.ExclusiveAddressUse = true;
            listener.Start();
            return Finding.Ok("metrics port", $"{metrics.Address}:{metrics.Port} is free");
        }
        catch (SocketException fault)
        {
            return Finding.Advice(
                "metrics port", $"{metrics.Address}:{metrics.Port}: {fault.Message}", $"ss -ltnp 'sport = :{metrics.Port}' says who has it; or --metrics PORT (0 = off)");
        }
    }

    internal static Finding Broker(BrokerAddress broker)
    {
        if (broker.IsEmbedded)
        {
            return Finding.Ok("broker", "embedded");
        }

        try
        {
            using var client = new TcpClient();
            using var limit = new CancellationTokenSource(ConnectLimit);
            client.ConnectAsync(broker.Host, broker.Port, limit.Token).AsTask().GetAwaiter().GetResult();
            return Finding.Ok("broker", $"{broker} accepts connections");
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            var reason = fault is SocketException ? fault.Message : $"no answer in {ConnectLimit.TotalSeconds:0} s";
            return Finding.Missing("broker", $"{broker}: {reason}", "start that broker, or leave --broker out for the embedded one");
        }
    }

    internal static Finding Cameras(string folder)
    {
        var devices = Directory.GetFiles(folder, "video*").Order(StringComparer.Ordinal).ToList();
        if (devices.Count == 0)
        {
            return Finding.Ok("cameras", $"no {folder}/video*; streams, files and samples need none");
        }

        var closed = devices.Where(device => !CanRead(device)).ToList();
        return closed.Count == 0
            ? Finding.Ok("cameras", string.Join(", ", devices))
            : Finding.Advice("cameras", $"{string.Join(", ", closed)}: no right to read", "sudo usermod -aG video $USER, then log in again");
    }

    private static bool CanRead(string device)
    {
        try
        {
            using var file = File.OpenRead(device);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true; // busy or of no use, which is another matter than rights
        }
    }

    private static Finding Cores()
    {
        var gigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        var found = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {gigabytes:0.#} GB of memory for this process");
        return Environment.ProcessorCount >= FewestCores && gigabytes >= FewestGigabytes
            ? Finding.Ok("cores", found)
            : Finding.Advice("cores", $"{found}; six cameras at 10 Hz want {FewestCores} and {FewestGigabytes:0} GB", "--manoeuvres 8 or 1");
    }

    private static Finding Gpu()
    {
        const string Driver = "/proc/driver/nvidia/version";
        return File.Exists(Driver)
            ? Finding.Ok("gpu", File.ReadLines(Driver).First().Trim())
            : Finding.Ok("gpu", "no NVIDIA driver; the model runs on the CPU");
    }

    private static Finding Clock()
    {
        const string Source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        var source = File.Exists(Source) ? File.ReadAllText(Source).Trim() : "unknown";
        var start = Stopwatch.GetTimestamp();
        const int Reads = 1000;
        for (var i = 0; i < Reads; i++)
        {
            Stopwatch.GetTimestamp();
        }

        var nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds / Reads;
        return Finding.Ok("clock", string.Create(CultureInfo.InvariantCulture, $"{source}, {1e9 / Stopwatch.Frequency:0.#} ns a count, {nanoseconds:0} ns a read"));
    }

    private static Finding TimeSynchronisation()
    {
        return Array.Exists(TimeServiceSigns, File.Exists)
            ? Finding.Ok("time", "kept by a time service")
            : Finding.Advice("time", "no time service seen; deadlines need none, but other machines' stamps cannot be compared", "apt-get install chrony");
    }
}
