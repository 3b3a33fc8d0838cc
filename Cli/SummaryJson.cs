using System.Globalization;
using System.Text;
using System.Text.Json;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Cli;

/// <summary>The summary as JSON: a figure that is not known is null, never a number that stands for "none".</summary>
internal static class SummaryJson
{
    public static string Write(Summary summary)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            Framesets(json, summary.Framesets);
            Frames(json, summary.Frames);
            Latency(json, summary.Latency);
            Number(json, "deadline_miss_ratio", summary.DeadlineMissRatio);
            Overhead(json, summary.Overhead);
            Number(json, "alloc_bytes_per_frameset", summary.AllocBytesPerFrameset);
            json.WriteStartObject("gc");
            json.WriteNumber("gen2", summary.Gc.Gen2);
            json.WriteNumber("gen2_steady", summary.Gc.Gen2Steady);
            Number(json, "pause_ratio", summary.Gc.PauseRatio);
            json.WriteEndObject();
            Number(json, "realtime_factor", summary.RealtimeFactor);
            json.WriteNumber("risk_events", summary.RiskEvents);
            json.WriteStartObject("skill");
            foreach (var (horizon, skill) in summary.Skill)
            {
                Number(json, horizon.ToString("0.###", CultureInfo.InvariantCulture), skill);
            }

            json.WriteEndObject();
            json.WriteString("digest", summary.Digest);
            json.WriteString("instruction_set", summary.InstructionSet);
            Recording(json, summary.Recording);
            json.WriteStartArray("injected");
            foreach (var fault in summary.Injected)
            {
                json.WriteStringValue(fault);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>An enum's name as JSON has it: PoolEmpty is pool_empty.</summary>
    public static string Name(Enum value) => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static void Recording(Utf8JsonWriter json, RecordingSummary? recording)
    {
        if (recording is null)
        {
            json.WriteNull("recording");
            return;
        }

        json.WriteStartObject("recording");
        json.WriteString("folder", recording.Folder);
        json.WriteNumber("messages", recording.Messages);
        json.WriteNumber("bytes", recording.Bytes);
        json.WriteNumber("dropped", recording.Dropped);
        json.WriteEndObject();
    }

    private static void Framesets(Utf8JsonWriter json, FramesetCounts counts)
    {
        json.WriteStartObject("framesets");
        json.WriteNumber("captured", counts.Captured);
        json.WriteNumber("formed", counts.Formed);
        json.WriteNumber("published", counts.Published);
        Dropped(json, counts.Dropped);
        json.WriteEndObject();
    }

    private static void Frames(Utf8JsonWriter json, IReadOnlyDictionary<string, FrameSummary> cameras)
    {
        json.WriteStartObject("frames");
        foreach (var (camera, counts) in cameras)
        {
            json.WriteStartObject(camera);
            json.WriteNumber("captured", counts.Captured);
            json.WriteNumber("used", counts.Used);
            Dropped(json, counts.Dropped);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Dropped(Utf8JsonWriter json, IReadOnlyDictionary<DropReason, long> dropped)
    {
        json.WriteStartObject("dropped");
        foreach (var (reason, count) in dropped)
        {
            json.WriteNumber(Name(reason), count);
        }

        json.WriteEndObject();
    }

    private static void Latency(Utf8JsonWriter json, LatencySummary latency)
    {
        json.WriteStartObject("latency_ms");
        Percentiles(json, "capture_to_publish", latency.CaptureToPublish);
        foreach (var (stage, values) in latency.Stages)
        {
            Percentiles(json, Name(stage), values);
        }

        json.WriteEndObject();
    }

    private static void Percentiles(Utf8JsonWriter json, string name, Percentiles values)
    {
        json.WriteStartObject(name);
        Number(json, "p50", values.P50);
        Number(json, "p95", values.P95);
        Number(json, "p99", values.P99);
        Number(json, "max", values.Max);
        json.WriteEndObject();
    }

    private static void Overhead(Utf8JsonWriter json, OverheadSummary? overhead)
    {
        if (overhead is null)
        {
            json.WriteNull("overhead_ms");
            return;
        }

        json.WriteStartObject("overhead_ms");
        Number(json, "p50", overhead.P50);
        Number(json, "p99", overhead.P99);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, Math.Round(number, 6));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
