using System.Buffers.Text;
using System.Text.Json;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Reads the vehicle's JSON: in/ego without allocating. Times are strings, as protobuf's JSON writes int64, or numbers. Unknown fields
/// are passed over. The answer is null, or why the message was refused.
/// </summary>
internal static class VehicleJson
{
    private const string NotJson = "not the JSON object expected";
    private const string NotTime = "capture_time_ns is no whole number of nanoseconds";
    private const string TooMany = "more than 64 steps";

    /// <summary>No protobuf message of ours begins with a bracket.</summary>
    internal static bool LooksLikeJson(ReadOnlySpan<byte> payload)
    {
        var start = payload.TrimStart(" \t\r\n"u8);
        return !start.IsEmpty && start[0] == (byte)'{';
    }

    internal static string? ReadEgo(ReadOnlySpan<byte> payload, ref EgoValues values)
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (ReadEgoField(ref reader, ref values) is { } problem)
                {
                    return problem;
                }
            }

            return AtEnd(ref reader) ? null : NotJson;
        }
        catch (JsonException)
        {
            return NotJson;
        }
    }

    internal static string? ReadPlan(ReadOnlySpan<byte> payload, PlanValues plan)
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (ReadPlanField(ref reader, plan) is { } problem)
                {
                    return problem;
                }
            }

            return AtEnd(ref reader) ? null : NotJson;
        }
        catch (JsonException)
        {
            return NotJson;
        }
    }

    private static string? ReadEgoField(ref Utf8JsonReader reader, ref EgoValues values)
    {
        if (reader.ValueTextEquals("capture_time_ns"u8))
        {
            return ReadTime(ref reader, out values.CaptureTimeNs);
        }

        if (reader.ValueTextEquals("speed_mps"u8))
        {
            return ReadNumber(ref reader, out values.Speed) ? null : "speed_mps is no number";
        }

        if (reader.ValueTextEquals("yaw_rate_radps"u8))
        {
            return ReadNumber(ref reader, out values.YawRate) ? null : "yaw_rate_radps is no number";
        }

        if (reader.ValueTextEquals("acceleration_mps2"u8))
        {
            return ReadNumber(ref reader, out values.Acceleration) ? null : "acceleration_mps2 is no number";
        }

        reader.Skip();
        return null;
    }

    private static string? ReadPlanField(ref Utf8JsonReader reader, PlanValues plan)
    {
        if (reader.ValueTextEquals("capture_time_ns"u8))
        {
            var problem = ReadTime(ref reader, out var time);
            plan.CaptureTimeNs = time;
            return problem;
        }

        if (reader.ValueTextEquals("accelerations_mps2"u8))
        {
            plan.ClearAccelerations();
            return BeginArray(ref reader) ?? ReadSteps(ref reader, plan, accelerations: true);
        }

        if (reader.ValueTextEquals("curvatures_1pm"u8))
        {
            plan.ClearCurvatures();
            return BeginArray(ref reader) ?? ReadSteps(ref reader, plan, accelerations: false);
        }

        reader.Skip();
        return null;
    }

    private static string? BeginArray(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.StartArray ? null : "accelerations_mps2 and curvatures_1pm must be arrays";

    private static string? ReadSteps(ref Utf8JsonReader reader, PlanValues plan, bool accelerations)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var value))
            {
                return "a step of the plan is no number";
            }

            if (!(accelerations ? plan.AddAcceleration(value) : plan.AddCurvature(value)))
            {
                return TooMany;
            }
        }

        return null;
    }

    private static string? ReadTime(ref Utf8JsonReader reader, out long? nanoseconds)
    {
        long value = 0;
        var fits = reader.Read() && reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetInt64(out value),
            JsonTokenType.String => Utf8Parser.TryParse(reader.ValueSpan, out value, out var read) && read == reader.ValueSpan.Length,
            _ => false,
        };
        nanoseconds = fits ? value : null;
        return fits ? null : NotTime;
    }

    private static bool ReadNumber(ref Utf8JsonReader reader, out double? number)
    {
        double value = 0;
        var fits = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out value);
        number = fits ? value : null;
        return fits;
    }

    /// <summary>The object was closed and nothing follows.</summary>
    private static bool AtEnd(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0 && !reader.Read();
}
