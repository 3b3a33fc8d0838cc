using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Forecast.Adapters.Mqtt;

namespace Forecast.Benchmarks.Peers;

/// <summary>A broker with persistence is killed (SIGKILL) again and again under a publisher; a subscriber with a kept session says what was lost, and what came late.</summary>
public static partial class BrokerKills
{
    private static readonly TimeSpan Down = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="start">Given the broker and the topics' base.</param>
    public static KillFigures Measure(int kills, Func<EmbeddedBroker, string, EventPublisher> start, Action<string> said, CancellationToken cancelled)
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { RestartDelay = Down });
        const string TopicBase = "forecast/v1/kills/";
        using var subscriber = new KeptSubscriber(broker.Port, TopicBase + "#");
        Thread.Sleep(TimeSpan.FromSeconds(5)); // the broker saves its sessions every two seconds
        using var publisher = start(broker, TopicBase);
        var (reconnects, back) = (new List<double>(), new List<long>());
        for (var kill = 0; kill < kills; kill++)
        {
            cancelled.ThrowIfCancellationRequested();
            said($"kill {kill + 1} of {kills}");
            WaitForNews(subscriber, publisher, back.Count == 0 ? 0 : back[^1]);
            using (var process = Process.GetProcessById(broker.ProcessId))
            {
                process.Kill();
                process.WaitForExit();
            }

            while (!Answers(broker.Port))
            {
                Thread.Sleep(2);
            }

            var listening = Stopwatch.GetTimestamp();
            SpinWait.SpinUntil(() => publisher.Connections.Any(at => at > listening - Stopwatch.Frequency / 20), Patience);
            var connected = publisher.Connections.FirstOrDefault(at => at > listening - Stopwatch.Frequency / 20, long.MaxValue);
            back.Add(connected == long.MaxValue ? Stopwatch.GetTimestamp() : connected);
            reconnects.Add(Math.Max(0, Stopwatch.GetElapsedTime(listening, back[^1]).TotalSeconds));
        }

        WaitForNews(subscriber, publisher, back[^1]);
        return Figures(subscriber.All, publisher, reconnects, back);
    }

    /// <summary>Of these, the ones that the subscriber has not heard.</summary>
    public static int Unheard(IReadOnlyList<Heard> heard, IEnumerable<string> events)
    {
        var ids = heard.Where(one => one.IsEvent).SelectMany(one => Ids().Matches(one.Payload).Select(match => match.Value)).ToHashSet();
        return events.Count(id => !ids.Contains(id));
    }

    /// <summary>Two more events and all before them, and a forecast; or not within its limit, which then shows in the figures.</summary>
    private static void WaitForNews(KeptSubscriber subscriber, EventPublisher publisher, long since)
    {
        var more = publisher.Events.Count + 2;
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Patience)
        {
            var heard = subscriber.All;
            if (publisher.Events.Count >= more && heard.Any(one => one.IsForecast && one.At > since) && Unheard(heard, publisher.Events.Take(more)) == 0)
            {
                return;
            }

            Thread.Sleep(20);
        }
    }

    private static KillFigures Figures(IReadOnlyList<Heard> heard, EventPublisher publisher, List<double> reconnects, List<long> back)
    {
        var events = publisher.Events.SkipLast(2).ToList(); // the last may be under way
        var forecasts = heard.Where(one => one.IsForecast).Select(one => (At: one.At, Published: publisher.PublishedAt(one.Payload))).ToList();
        return new KillFigures(
            Samples.Quantile(reconnects, 0.5), Samples.Quantile(reconnects, 0.95), events.Count, Unheard(heard, events), forecasts.Count,
            forecasts.Count(one => back.Exists(moment => one.Published < moment && one.At > moment)));
    }

    private static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Ids();
}

/// <param name="Stale">Forecasts that were published before a reconnection and heard after it.</param>
public sealed record KillFigures(double ReconnectP50S, double ReconnectP95S, int Events, int Lost, int Forecasts, int Stale);
