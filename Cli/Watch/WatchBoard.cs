using System.Globalization;
using System.Text;
using System.Text.Json;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Watch;

/// <summary>All sources that were seen, each a line. Messages come on the connection's thread, lines are read on another: one lock.</summary>
internal sealed class WatchBoard(TimeProvider time)
{
    private const int MostSources = 1000;
    private const int LargestMessage = 1 << 20;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, WatchedSource> _sources = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sources.Count;
            }
        }
    }

    /// <param name="isJson">False where the content type names another encoding.</param>
    /// <param name="retained">The broker had kept it: fine for a status, too old for risk.</param>
    public void OnMessage(string topic, ReadOnlyMemory<byte> payload, bool isJson, bool retained)
    {
        if (WatchedTopic.Parse(topic) is not { Kind: "risk" or "status" } watched || (watched.Kind == "risk" && retained))
        {
            return;
        }

        lock (_gate)
        {
            if (!_sources.TryGetValue(watched.Source, out var source))
            {
                if (_sources.Count == MostSources)
                {
                    return; // a flood of names must not fill the memory
                }

                _sources[watched.Source] = source = new WatchedSource(watched.Source, time);
            }

            Read(source, watched.Kind, payload, isJson);
        }
    }

    /// <summary>A line for each source, as things stand now.</summary>
    public IReadOnlyList<string> Lines()
    {
        var clock = time.GetUtcNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            return [.. _sources.Values.Select(source => $"{clock} {Printable.Line(Line(source))}")];
        }
    }

    /// <summary>A JSON object for each source, as things stand now.</summary>
    public IReadOnlyList<string> JsonLines()
    {
        var clock = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            return [.. _sources.Values.Select(source => Json(source, clock))];
        }
    }

    private static void Read(WatchedSource source, string kind, ReadOnlyMemory<byte> payload, bool isJson)
    {
        if (kind == "status")
        {
            if (isJson && payload.Length <= LargestMessage && StatusReading.Parse(payload) is { } status)
            {
                source.OnStatus(status);
            }
        }
        else if (!isJson)
        {
            source.OnUnreadable("it speaks protobuf, and watch reads JSON (broker.encoding: json)");
        }
        else if (payload.Length > LargestMessage)
        {
            source.OnUnreadable("its message is too large");
        }
        else if (RiskReading.Parse(payload, out var problem) is { } reading)
        {
            source.OnRisk(reading);
        }
        else
        {
            source.OnUnreadable(problem);
        }
    }

    private static string Line(WatchedSource source)
    {
        if (source.Now(out var reason) is not { } reading)
        {
            return $"{source.Name}  no forecast: {reason}";
        }

        var text = new StringBuilder($"{source.Name}  {reading.Level.ToUpperInvariant()}{(reading.Alarm ? " ALARM" : "")}");
        Append(text, "p", reading.Probability, "0.000", reading.HorizonS is { } horizon ? $" within {Format(horizon, "0.#")} s" : "");
        Append(text, "ttc", reading.TimeToCollisionS, "0.0", " s");
        text.Append($"  {reading.Validity}{(reading.Reasons.Count == 0 ? "" : $"({string.Join(",", reading.Reasons)})")}");
        Append(text, "age", reading.AgeMs, "0", " ms");
        Append(text, "rung", reading.Rung, "0", "");
        if (source.Lost > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"  lost {source.Lost}");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, double? value, string format, string unit) =>
        text.Append($"  {name} {(value is { } number ? Format(number, format) + unit : "-")}");

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Json(WatchedSource source, string clock)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            var reading = source.Now(out var reason);
            json.WriteStartObject();
            json.WriteString("time", clock);
            json.WriteString("source", source.Name);
            json.WriteBoolean("forecast", reading is not null);
            json.WriteString("reason", reading is null ? reason : null);
            json.WriteString("level", reading?.Level ?? "unknown");
            Number(json, "probability", reading?.Probability);
            Number(json, "horizon_s", reading?.HorizonS);
            Number(json, "time_to_collision_s", reading?.TimeToCollisionS);
            json.WriteString("validity", reading?.Validity);
            json.WriteStartArray("validity_reasons");
            foreach (var code in reading?.Reasons ?? [])
            {
                json.WriteStringValue(code);
            }

            json.WriteEndArray();
            Number(json, "age_ms", reading?.AgeMs);
            Number(json, "rung", reading?.Rung);
            json.WriteBoolean("alarm", reading?.Alarm ?? false);
            json.WriteNumber("lost", source.Lost);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
