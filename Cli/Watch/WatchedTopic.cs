namespace Forecast.Cli.Watch;

/// <summary>What a topic below forecast/ is about.</summary>
/// <param name="Source">The vehicle of a live topic, vehicle/run of a replayed one.</param>
/// <param name="Kind">"risk", "status", "risk/event" and so on.</param>
internal readonly record struct WatchedTopic(string Source, string Kind)
{
    private const string Live = "forecast/v1/";
    private const string Replayed = "forecast/replay/v1/";

    /// <summary>Null for a topic of another shape.</summary>
    public static WatchedTopic? Parse(string topic) =>
        topic.StartsWith(Replayed, StringComparison.Ordinal) ? Split(topic[Replayed.Length..], levels: 2)
        : topic.StartsWith(Live, StringComparison.Ordinal) ? Split(topic[Live.Length..], levels: 1)
        : null;

    private static WatchedTopic? Split(string rest, int levels)
    {
        var end = -1;
        for (var i = 0; i < levels; i++)
        {
            end = rest.IndexOf('/', end + 1);
            if (end < 0)
            {
                return null;
            }
        }

        return end > 0 && end < rest.Length - 1 ? new WatchedTopic(rest[..end], rest[(end + 1)..]) : null;
    }
}
