using System.Globalization;
using System.Text.Json;

namespace Forecast.Cli.Watch;

/// <summary>What `watch` shows of one risk message.</summary>
/// <param name="RemainingMs">How long it was still valid when it was published; null when the message does not say.</param>
/// <param name="ReferenceTimeNs">By the publisher's clock; null when it was made from no frame set.</param>
/// <param name="Probability">Of a collision within <paramref name="HorizonS"/>; null when the message has none.</param>
internal sealed record RiskReading(
    string Session,
    ulong Sequence,
    double? RemainingMs,
    string Validity,
    IReadOnlyList<string> Reasons,
    string Level,
    double? Probability,
    double? HorizonS,
    double? TimeToCollisionS,
    double? AgeMs,
    ulong? Tick,
    long? ReferenceTimeNs,
    uint? Rung,
    bool Alarm)
{
    /// <summary>True where the message itself stands for a forecast: valid or degraded, and nothing else.</summary>
    public bool IsForecast => Validity is "valid" or "degraded";

    /// <summary>Reads the JSON of a Risk message (forecast.proto); null, with a reason, when it is none.</summary>
    public static RiskReading? Parse(ReadOnlyMemory<byte> json, out string problem)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            problem = "";
            return Read(document.RootElement, ref problem);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            problem = "not the JSON of a risk message";
            return null;
        }
    }

    /// <summary>An enum's JSON name without its prefix, in lower case: RISK_LEVEL_HIGH is high; what is missing or UNSPECIFIED is null.</summary>
    public static string? EnumValue(JsonElement owner, string name, string prefix) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text
        && text.StartsWith(prefix, StringComparison.Ordinal) && text != prefix + "UNSPECIFIED"
            ? text[prefix.Length..].ToLowerInvariant()
            : null;

    private static RiskReading? Read(JsonElement risk, ref string problem)
    {
        if (risk.ValueKind != JsonValueKind.Object || !risk.TryGetProperty("envelope", out var envelope) || Text(envelope, "session") is not { Length: > 0 } session)
        {
            problem = "no envelope with a session";
            return null;
        }

        if (Text(envelope, "schema") is not "forecast.v1")
        {
            problem = "another schema than forecast.v1";
            return null;
        }

        if (Whole(envelope, "sequence") is not { } sequence || sequence < 0)
        {
            problem = "no sequence";
            return null;
        }

        var set = envelope.TryGetProperty("frame_set", out var frameSet) && frameSet.ValueKind == JsonValueKind.Object ? frameSet : default(JsonElement?);
        var horizon = Number(risk, "level_horizon_s");
        return new RiskReading(
            session,
            (ulong)sequence,
            Number(envelope, "ttl_ms"),
            EnumValue(envelope, "validity", "VALIDITY_") ?? "unspecified",
            Texts(envelope, "validity_reasons"),
            EnumValue(risk, "level", "RISK_LEVEL_") ?? "unknown",
            ProbabilityAt(risk, horizon),
            horizon,
            Number(risk, "time_to_collision_s"),
            set is { } withAge ? Number(withAge, "age_ms") : null,
            set is { } withTick ? (ulong?)Whole(withTick, "tick") : null,
            set is { } withTime ? Whole(withTime, "reference_time_ns") : null,
            set is { } withRung ? (uint?)Whole(withRung, "rung") : null,
            risk.TryGetProperty("alarm", out var alarm) && alarm.ValueKind == JsonValueKind.Object);
    }

    private static double? ProbabilityAt(JsonElement risk, double? horizon)
    {
        if (horizon is null || !risk.TryGetProperty("horizons", out var horizons) || horizons.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        foreach (var entry in horizons.EnumerateArray())
        {
            if (Number(entry, "horizon_s") is { } at && Math.Abs(at - horizon.Value) < 1e-6)
            {
                return Number(entry, "probability");
            }
        }

        return null;
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static List<string> Texts(JsonElement owner, string name)
    {
        var texts = new List<string>();
        if (owner.TryGetProperty(name, out var values) && values.ValueKind == JsonValueKind.Array)
        {
            foreach (var value in values.EnumerateArray())
            {
                texts.Add(value.GetString() ?? "");
            }
        }

        return texts;
    }

    private static double? Number(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>64-bit integers come as strings, small ones as numbers.</summary>
    private static long? Whole(JsonElement owner, string name)
    {
        if (!owner.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Number => value.GetInt64(),
            JsonValueKind.String when long.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
            _ => null,
        };
    }
}
