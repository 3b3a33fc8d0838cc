using System.Text.Json;

namespace Forecast.Cli.Watch;

/// <summary>What `watch` needs of a status message.</summary>
/// <param name="SilenceLimit">Longer than this without a message means no forecast; null when the message does not say.</param>
internal sealed record StatusReading(string Session, bool Online, string Reason, TimeSpan? SilenceLimit)
{
    /// <summary>Not online, because the process that runs says so itself.</summary>
    public bool IsStale { get; init; }

    /// <summary>Null when this is not the JSON of a Status message.</summary>
    public static StatusReading? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var status = document.RootElement;
            var session = status.GetProperty("envelope").GetProperty("session").GetString();
            var state = RiskReading.EnumValue(status, "state", "STATUS_STATE_");
            if (string.IsNullOrEmpty(session) || state is not ("online" or "offline" or "stale"))
            {
                return null;
            }

            var limit = status.TryGetProperty("silence_limit_s", out var value) && value.TryGetDouble(out var seconds) && seconds is > 0 and <= 3600
                ? TimeSpan.FromSeconds(seconds)
                : default(TimeSpan?);
            return new StatusReading(session, state == "online", status.TryGetProperty("reason", out var reason) ? reason.GetString() ?? "" : "", limit) { IsStale = state == "stale" };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
