using System.Text.Json;

namespace Forecast.Adapters.Mqtt;

/// <summary>Reads a PlanRequest from JSON. Unknown fields are passed over. The answer is null, or why the message was refused; nothing is thrown.</summary>
internal static class PlanRequestJson
{
    private static readonly PlanRefusal NotJson = PlanRefusal.Malformed("not the JSON object expected");

    internal static PlanRefusal? Read(ReadOnlySpan<byte> payload, PlanRequestValues values)
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (ReadField(ref reader, values) is { } problem)
                {
                    return problem;
                }
            }

            return reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0 && !reader.Read() ? null : NotJson;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // the second: text that is no Unicode
        {
            return NotJson;
        }
    }

    private static PlanRefusal? ReadField(ref Utf8JsonReader reader, PlanRequestValues values)
    {
        if (reader.ValueTextEquals("schema"u8))
        {
            return PlanRequestValues.CheckSchema(ReadText(ref reader));
        }

        if (reader.ValueTextEquals("id"u8))
        {
            return values.SetId(ReadText(ref reader));
        }

        if (reader.ValueTextEquals("deadline_ms"u8))
        {
            var fits = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var deadline) ? deadline : (double?)null;
            values.DeadlineMs = fits;
            return fits is null ? PlanRefusal.Malformed("deadline_ms is no number") : null;
        }

        if (reader.ValueTextEquals("candidates"u8))
        {
            values.ClearCandidates();
            return ReadCandidates(ref reader, values);
        }

        reader.Skip();
        return null;
    }

    private static PlanRefusal? ReadCandidates(ref Utf8JsonReader reader, PlanRequestValues values)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return PlanRefusal.Malformed("candidates must be an array");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return PlanRefusal.Malformed("a candidate is no object");
            }

            if ((values.BeginCandidate() ?? ReadCandidate(ref reader, values) ?? values.EndCandidate()) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static PlanRefusal? ReadCandidate(ref Utf8JsonReader reader, PlanRequestValues values)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var accelerations = reader.ValueTextEquals("accelerations_mps2"u8);
            if (!accelerations && !reader.ValueTextEquals("curvatures_1pm"u8))
            {
                reader.Skip();
            }
            else if (ReadSteps(ref reader, values, accelerations) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static PlanRefusal? ReadSteps(ref Utf8JsonReader reader, PlanRequestValues values, bool accelerations)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return PlanRefusal.Malformed("accelerations_mps2 and curvatures_1pm must be arrays");
        }

        values.BeginSteps(accelerations);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var value))
            {
                return PlanRefusal.Malformed("a step of a candidate is no number");
            }

            if (values.AddStep(accelerations, value) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Null where it is no text.</summary>
    private static string? ReadText(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
}
