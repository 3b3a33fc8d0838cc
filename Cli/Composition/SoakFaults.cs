using System.Diagnostics;
using System.Globalization;
using Forecast.Adapters.Mqtt;
using Forecast.Replay.Faults;

namespace Forecast.Cli.Composition;

/// <summary>What goes wrong in a soak: every quarter of a minute something else for some seconds, over and over, and the broker killed every two minutes. All of it is over before the end, so that the run ends whole.</summary>
internal static class SoakFaults
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BrokerKilledEvery = TimeSpan.FromMinutes(2);

    private static readonly string[] Kinds =
    [
        "camera.front=frozen", "model=nan", "camera.front_left=unplugged", "sink=busy", "camera.front_right=black", "model=slow:150ms", "camera.*=half:0.5", "sink=slow:40ms",
        "camera.front_left=jump:0.4s", "camera.*=unplugged", "camera.front_right=rate:5", "model=failed", "camera.front=repeat", "sink=away", "camera.front_left=back", "clock=step:1s",
        "camera.front_right=jitter:20ms", "camera.front=size",
    ];

    public static IReadOnlyList<Fault> Over(TimeSpan length)
    {
        var texts = new List<string>();
        for (var at = Every; at + Lasting + Every <= length; at += Every)
        {
            texts.Add(string.Create(CultureInfo.InvariantCulture, $"{Kinds[texts.Count % Kinds.Length]}@{at.TotalSeconds}s..{(at + Lasting).TotalSeconds}s"));
        }

        return FaultSpec.ParseAll([.. texts]);
    }

    /// <summary>Until it is disposed of.</summary>
    public sealed class BrokerKiller : IDisposable
    {
        private readonly EmbeddedBroker _broker;
        private readonly Timer _timer;
        private int _kills;

        public BrokerKiller(EmbeddedBroker broker)
        {
            _broker = broker;
            _timer = new Timer(_ => Kill(), null, BrokerKilledEvery, BrokerKilledEvery);
        }

        public int Kills => Volatile.Read(ref _kills);

        public void Dispose() => _timer.Dispose();

        private void Kill()
        {
            if (_broker.ProcessId is not 0 and var id)
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                Interlocked.Increment(ref _kills);
            }
        }
    }
}
