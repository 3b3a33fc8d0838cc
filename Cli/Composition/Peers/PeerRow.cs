using Forecast.Benchmarks.Peers;

namespace Forecast.Cli.Composition.Peers;

/// <summary>One row of issue 4's table, which may have several figures.</summary>
/// <param name="Name">For --row.</param>
/// <param name="About">What is measured, in a line.</param>
internal sealed record PeerRow(string Name, string About, Func<PeerBench, CancellationToken, IReadOnlyList<PeerFigure>> Measure)
{
    public static IReadOnlyList<PeerRow> All { get; } =
    [
        new("overhead", "end to end less decode and inference, three 720p cameras at 10 Hz", JourneyRows.Overhead),
        new("overload", "twice the load: four cameras at 20 Hz into a stage of 25 ms a picture", JourneyRows.Overload),
        new("ledger", "captured and not published valid and on time, nominal", JourneyRows.Nominal),
        new("jitter", "intervals between forecasts", JourneyRows.Jitter),
        new("inference", "the three graphs paced at 10 Hz, and their processor time", PartRows.Inference),
        new("publish", "publish to receive, 1 KiB, QoS 0, 100 a second", PartRows.Publish),
        new("kills", "the broker killed 20 times under forecasts at 20 Hz and events", BrokerRows.Kills),
        new("outage", "the broker away for 60 s", BrokerRows.Outage),
        new("silence", "a hung thread, SIGKILL, SIGSTOP, and the start after it", ProcessRows.Silence),
    ];
}
