using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Forecast.Adapters.Mqtt;
using Forecast.Benchmarks.Peers;
using Forecast.Cli.Watch;

namespace Forecast.Cli.Composition.Peers;

/// <summary>The row in which the whole process hangs, dies or stands still: when a subscriber knows, and when the next valid forecast comes.</summary>
internal static class ProcessRows
{
    private const int Times = 5;
    private const double LimitS = 0.5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<PeerFigure> Silence(PeerBench bench, CancellationToken cancelled)
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        var (wills, stopped, hung, starts) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var outright = new List<double>();
        for (var i = 0; i < Times; i++)
        {
            cancelled.ThrowIfCancellationRequested();
            bench.Say($"SIGKILL, {i + 1} of {Times}");
            using (var run = new DemoProcess(broker))
            {
                starts.Add(run.FirstOfUse());
                var at = run.Signal(ProcessSignal.Kill);
                wills.Add(DemoProcess.Until(() => run.Status.Contains("last_will", StringComparison.Ordinal), at));
            }

            bench.Say($"SIGSTOP, {i + 1} of {Times}");
            using (var run = new DemoProcess(broker))
            {
                starts.Add(run.FirstOfUse());
                var at = run.Signal(ProcessSignal.Stop);
                stopped.Add(DemoProcess.Until(() => !run.HasForecast, at));
                run.Signal(ProcessSignal.Continue);
            }

            bench.Say($"the model hangs, {i + 1} of {Times}");
            using (var run = new DemoProcess(broker, "--inject", "model=hung@4s..6s"))
            {
                starts.Add(run.FirstOfUse());
                hung.Add(run.UntilStaleAfterTheLastForecast());
                if (run.FirstValid() is { } whole)
                {
                    outright.Add(whole);
                }
            }
        }

        return
        [
            PeerFigure.AtMost("SIGKILL to the will heard, worst", "s", wills.Max(), LimitS, Each(wills)),
            PeerFigure.AtMost("SIGSTOP to no forecast by a subscriber's own clock, worst", "s", stopped.Max(), LimitS, Each(stopped)),
            PeerFigure.AtMost("journey hung to status stale heard, worst", "s", hung.Max(), LimitS, $"{Each(hung)}; from the last forecast heard, which is up to a period before the hang"),
            PeerFigure.AtMost("first forecast on time after a start, worst", "s", starts.Max(), 5, $"{Each(starts)}; from the start of the process; valid or degraded (warming_up), as the ledger counts it; valid outright{(outright.Count == 0 ? " never within these runs" : $" after {Each(outright)}")}"),
        ];
    }

    private static string Each(List<double> values) => string.Join(' ', values.Select(value => FormattableString.Invariant($"{value:0.00}")));

    /// <summary>This command's own demo as another process, and a subscriber that listens to it.</summary>
    private sealed class DemoProcess : IDisposable
    {
        private readonly Process _process;
        private readonly MqttConnection _connection;
        private readonly WatchBoard _board = new(TimeProvider.System);
        private readonly long _started = Stopwatch.GetTimestamp();
        private long _firstOfUse;
        private long _firstValid;
        private long _lastForecast;
        private long _staleAt;
        private volatile string _status = "";

        public DemoProcess(EmbeddedBroker broker, params string[] more)
        {
            var vehicle = $"bench-{Guid.NewGuid():N}"[..24];
            _connection = new MqttConnection(new MqttConnectionOptions { Broker = broker.Url, ClientId = $"bench-{Guid.NewGuid():N}" });
            _connection.Subscribe($"forecast/replay/v1/{vehicle}/#", 0, Hear);
            _connection.Start();
            SpinWait.SpinUntil(() => _connection.IsConnected, Patience);
            _process = Process.Start(new ProcessStartInfo(
                Environment.ProcessPath!, [typeof(ProcessRows).Assembly.Location, "demo", "--drive", "calm", "--vehicle", vehicle, "--broker", broker.Url, "--metrics", "0", "--quiet", .. more])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            _started = Stopwatch.GetTimestamp();
        }

        public string Status => _status;

        public bool HasForecast => _board.JsonLines().Any(line => line.Contains("\"forecast\":true", StringComparison.Ordinal));

        /// <summary>Seconds from the start of the process until a forecast said that it was on time: valid or degraded.</summary>
        public double FirstOfUse() => Until(() => Interlocked.Read(ref _firstOfUse) != 0, _started, () => Interlocked.Read(ref _firstOfUse));

        /// <summary>The same until one said valid and nothing else; null where none has so far.</summary>
        public double? FirstValid() => Interlocked.Read(ref _firstValid) is not 0 and var at ? Stopwatch.GetElapsedTime(_started, at).TotalSeconds : null;

        public long Signal(int signal)
        {
            var at = Stopwatch.GetTimestamp();
            ProcessSignal.Send(_process.Id, signal);
            return at;
        }

        public double UntilStaleAfterTheLastForecast() => Until(() => Interlocked.Read(ref _staleAt) != 0, _started, () => Interlocked.Read(ref _staleAt)) - Stopwatch.GetElapsedTime(_started, Interlocked.Read(ref _lastForecast)).TotalSeconds;

        /// <summary>Seconds from then until it holds; <see cref="Patience"/> where it never does, which no goal forgives.</summary>
        public static double Until(Func<bool> holds, long since, Func<long>? moment = null)
        {
            while (!holds())
            {
                if (Stopwatch.GetElapsedTime(since) > Patience)
                {
                    return Patience.TotalSeconds;
                }

                Thread.Sleep(2);
            }

            return Stopwatch.GetElapsedTime(since, moment?.Invoke() ?? Stopwatch.GetTimestamp()).TotalSeconds;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            _process.WaitForExit();
            _process.Dispose();
            _connection.Dispose();
        }

        private void Hear(in MqttMessage message)
        {
            var topic = Encoding.UTF8.GetString(message.Topic);
            _board.OnMessage(topic, message.Payload.ToArray(), isJson: true, message.Retained);
            if (topic.EndsWith("/status", StringComparison.Ordinal))
            {
                _status = Encoding.UTF8.GetString(message.Payload);
                if (_status.Contains("STATUS_STATE_STALE", StringComparison.Ordinal) && _lastForecast != 0)
                {
                    Interlocked.CompareExchange(ref _staleAt, Stopwatch.GetTimestamp(), 0);
                }
            }
            else if (topic.EndsWith("/risk", StringComparison.Ordinal) && Interlocked.Read(ref _staleAt) == 0)
            {
                Interlocked.Exchange(ref _lastForecast, Stopwatch.GetTimestamp());
                using var document = JsonDocument.Parse(message.Payload.ToArray());
                var validity = document.RootElement.GetProperty("envelope").GetProperty("validity").GetString();
                if (validity is "VALIDITY_VALID" or "VALIDITY_DEGRADED")
                {
                    Interlocked.CompareExchange(ref _firstOfUse, Stopwatch.GetTimestamp(), 0);
                }

                if (validity == "VALIDITY_VALID")
                {
                    Interlocked.CompareExchange(ref _firstValid, Stopwatch.GetTimestamp(), 0);
                }
            }
        }
    }
}
