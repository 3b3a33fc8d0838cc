using System.Globalization;
using System.Text.Json;
using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Replay.Recording;

/// <summary>session.json of a recording. Durations in ticks of 100 ns and moments in nanoseconds are whole numbers: what is read is what was written.</summary>
internal static class SessionJson
{
    public static byte[] Write(RecordedSession session)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", RecordedSession.Schema);
            json.WriteString("name", session.Name);
            json.WriteString("vehicle", session.Vehicle);
            json.WriteString("session", session.Session.ToString());
            json.WriteString("source", session.Source);
            json.WriteString("software", session.Software);
            json.WriteString("model", session.ModelName);
            json.WriteString("model_version", session.ModelVersion);
            json.WriteString("model_sha256", session.ModelSha256);
            json.WriteString("calibration_sha256", session.CalibrationSha256);
            json.WriteString("provider", session.Provider);
            json.WriteNumber("intra_op_threads", session.IntraOpThreads);
            json.WriteString("instruction_set", session.InstructionSet);
            json.WriteString("config_sha256", session.ConfigSha256);
            json.WriteString("domain", session.Domain);
            json.WriteNumber("budget_ticks", session.Budget.Ticks);
            json.WriteNumber("manoeuvres", session.Manoeuvres);
            json.WriteBoolean("memory", session.Memory);
            json.WriteStartArray("injected");
            foreach (var fault in session.Injected)
            {
                json.WriteStringValue(fault);
            }

            json.WriteEndArray();
            json.WriteStartArray("rungs");
            for (var i = 0; i < session.Rungs.Count; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("manoeuvres", session.Rungs[i].Manoeuvres);
                json.WriteNumber("cameras", session.Rungs[i].Cameras);
                json.WriteNumber("cost_ticks", session.Costs[i].Ticks);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("publishing_ticks", session.PublishingCost.Ticks);
            json.WriteNumber("width_px", session.WidthPx);
            json.WriteNumber("height_px", session.HeightPx);
            json.WriteString("start_ns", session.Start.Nanoseconds.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <param name="file">The recording's, for messages.</param>
    /// <exception cref="UnusableInputException">It is of another schema, or something is missing or of the wrong kind.</exception>
    public static RecordedSession Read(ReadOnlyMemory<byte> json, Rig rig, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var schema = root.GetProperty("schema").GetString();
            if (schema != RecordedSession.Schema)
            {
                throw new UnusableInputException($"{file}: its session is of the schema {schema}; this program reads {RecordedSession.Schema}: use the program that recorded it, or a newer one");
            }

            var rungs = root.GetProperty("rungs").EnumerateArray().ToList();
            return new RecordedSession
            {
                Name = Text(root, "name"),
                Vehicle = Text(root, "vehicle"),
                Session = root.GetProperty("session").GetGuid(),
                Source = Text(root, "source"),
                Software = Text(root, "software"),
                ModelName = Text(root, "model"),
                ModelVersion = Text(root, "model_version"),
                ModelSha256 = Text(root, "model_sha256"),
                CalibrationSha256 = root.GetProperty("calibration_sha256").GetString(),
                Provider = Text(root, "provider"),
                IntraOpThreads = root.GetProperty("intra_op_threads").GetInt32(),
                InstructionSet = Text(root, "instruction_set"),
                ConfigSha256 = Text(root, "config_sha256"),
                Domain = root.GetProperty("domain").GetString(),
                Budget = TimeSpan.FromTicks(root.GetProperty("budget_ticks").GetInt64()),
                Manoeuvres = root.GetProperty("manoeuvres").GetInt32(),
                Memory = root.GetProperty("memory").GetBoolean(),
                Injected = [.. root.GetProperty("injected").EnumerateArray().Select(fault => fault.GetString() ?? "")],
                Rungs = [.. rungs.Select(rung => new Rung(rung.GetProperty("manoeuvres").GetInt32(), rung.GetProperty("cameras").GetInt32()))],
                Costs = [.. rungs.Select(rung => TimeSpan.FromTicks(rung.GetProperty("cost_ticks").GetInt64()))],
                PublishingCost = TimeSpan.FromTicks(root.GetProperty("publishing_ticks").GetInt64()),
                WidthPx = root.GetProperty("width_px").GetInt32(),
                HeightPx = root.GetProperty("height_px").GetInt32(),
                Start = new Timestamp(long.Parse(Text(root, "start_ns"), CultureInfo.InvariantCulture)),
                Rig = rig,
            };
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new UnusableInputException($"{file}: its session.json cannot be used: {wrong.Message}");
        }
    }

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? throw new KeyNotFoundException($"{name} is null");
}
