using System.Diagnostics;
using Forecast.Adapters.Mqtt;
using Forecast.Benchmarks.Peers;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Composition.Peers;

/// <summary>The rows in which the broker goes away.</summary>
internal static class BrokerRows
{
    private const int KillCount = 20;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<PeerFigure> Kills(PeerBench bench, CancellationToken cancelled)
    {
        var (manifest, rig) = (bench.Model.Manifest, bench.Drive.Rig);
        var ours = BrokerKills.Measure(KillCount, (broker, topics) => new SinkPublisher(broker.Url, topics, manifest, rig, Period, ticksPerEvent: 8), bench.Say, cancelled);
        var program = bench.Found(bench.Program("paho", PeerProgram.Python, "paho_kills.py"));
        var peer = program is null ? null : BrokerKills.Measure(KillCount, (broker, topics) => new ProgramPublisher(program, broker.Port, topics), said => bench.Say($"{program.Name}, {said}"), cancelled);
        PeerFigure Figure(string what, string unit, Func<KillFigures, double> one, double most, string note = "") =>
            new(what, unit, one(ours), peer is null ? null : one(peer), "paho", FormattableString.Invariant($"<= {most} {unit}").TrimEnd(), one(ours) <= most, note);
        return
        [
            Figure("reconnected after the broker listens, p95", "s", kills => kills.ReconnectP95S, 1),
            Figure("events lost", "", kills => kills.Lost, 0, $"of {ours.Events}{(peer is null ? "" : $", the peer's of {peer.Events}")}"),
            Figure("forecasts heard from before a kill", "", kills => kills.Stale, 0, $"of {ours.Forecasts}{(peer is null ? "" : $", the peer's of {peer.Forecasts}")}"),
        ];
    }

    public static IReadOnlyList<PeerFigure> Outage(PeerBench bench, CancellationToken cancelled)
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { RestartDelay = Away });
        const string EventBase = "forecast/v1/events/";
        using var subscriber = new KeptSubscriber(broker.Port, EventBase + "#");
        var ticks = (int)((Before + Away + After) / bench.Model.Manifest.TickPeriod);
        WatchingSink? sink = null;
        var settings = bench.Settings with { Broker = bench.Settings.Broker with { Address = new BrokerAddress(IsEmbedded: false, "127.0.0.1", broker.Port, Tls: false) } };
        var input = bench.Drive.Live(settings, ticks) with { AlsoTo = clock => [sink = new WatchingSink(clock, ticks + 16)] };
        var quiet = bench.Silent.Discarding(); // the broker's going away is what is measured: no news
        var session = new Thread(() => new LiveSession(settings, bench.Model, quiet).Run(input, cancelled)) { IsBackground = true };
        Thread.Sleep(Settle); // the broker saves its sessions every two seconds
        session.Start();
        using var events = new SinkPublisher(broker.Url, EventBase, bench.Model.Manifest, bench.Drive.Rig, TimeSpan.FromMilliseconds(500), ticksPerEvent: 1);
        bench.Say($"{Before.TotalSeconds:0} s before");
        cancelled.WaitHandle.WaitOne(Before);
        bench.Say($"{Away.TotalSeconds:0} s without broker");
        var (killed, restarts) = (Stopwatch.GetTimestamp(), broker.Restarts);
        using (var process = Process.GetProcessById(broker.ProcessId))
        {
            process.Kill();
        }

        var most = 0;
        while (broker.Restarts == restarts && !cancelled.WaitHandle.WaitOne(20))
        {
            most = Math.Max(most, events.Kept);
        }

        var raised = events.Events.Count;
        var back = Stopwatch.GetTimestamp();
        var due = events.Events.Skip(Math.Max(0, raised - 100)).Take(100).ToList(); // of the last 50 s: not expired
        while (BrokerKills.Unheard(subscriber.All, due) > 0 && Stopwatch.GetElapsedTime(back) < After)
        {
            Thread.Sleep(20);
        }

        var drained = Stopwatch.GetElapsedTime(back).TotalSeconds;
        var lost = BrokerKills.Unheard(subscriber.All, due);
        bench.Say($"{After.TotalSeconds:0} s after");
        session.Join();
        cancelled.ThrowIfCancellationRequested();
        var (before, during) = Ages(sink!.All, killed, back);
        var change = Math.Abs((during / before) - 1) * 100;
        return
        [
            PeerFigure.AtMost("change of capture to judged and offered, p99", "%", change, 5, FormattableString.Invariant($"p99 {before:0.0} ms before, {during:0.0} ms in the outage")),
            PeerFigure.AtMost("events that waited, at most", "", most, EventOutboxCapacity, $"two a second, each kept for 60 s; dropped {events.Dropped}"),
            PeerFigure.AtMost("unexpired events lost", "", lost, 0, $"of {due.Count} of the last 50 s"),
            PeerFigure.AtMost("outbox drained after the broker listens", "s", drained, 5, "until an independent subscriber, which reconnects for itself, has heard them"),
        ];
    }

    private const int EventOutboxCapacity = MqttForecastSink.MostEventsKept;

    private static (double Before, double During) Ages(IReadOnlyList<Seen> all, long killed, long back)
    {
        var clock = new Forecast.Pipeline.Frames.RigClock(TimeProvider.System);
        double P99(long from, long to) => Samples.Quantile([.. all.Where(one => one.Moment >= clock.FromCounter(from) && one.Moment < clock.FromCounter(to)).Select(one => one.Age.TotalMilliseconds)], 0.99);
        return (P99(killed - (long)((Before - Settle).TotalSeconds * Stopwatch.Frequency), killed), P99(killed, back));
    }
}
