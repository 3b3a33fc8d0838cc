using System.Globalization;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Cli;

/// <summary>What a command that ends leaves behind: the file, the JSON or the short table.</summary>
internal static class SummaryReport
{
    /// <exception cref="IOException">The file cannot be written after all; the table is out by then.</exception>
    public static void Finish(Summary summary, Settings settings, ConsoleOutput console)
    {
        if (console.Json)
        {
            console.JsonResult(SummaryJson.Write(summary));
        }
        else
        {
            console.Table("Summary", [], Rows(summary));
        }

        if (settings.SummaryFile is not null)
        {
            SummaryFile.Write(settings.SummaryFile, summary);
        }
    }

    private static List<IReadOnlyList<string>> Rows(Summary summary)
    {
        var sets = summary.Framesets;
        var rows = new List<IReadOnlyList<string>>
        {
            Row("frame sets", $"{sets.Captured} captured, {sets.Formed} formed, {sets.Published} published{Drops(sets.Dropped)}"),
        };
        foreach (var (camera, counts) in summary.Frames)
        {
            rows.Add(Row($"camera {camera}", $"{counts.Captured} captured, {counts.Used} used{Drops(counts.Dropped)}"));
        }

        rows.Add(Row("capture to publish", Milliseconds(summary.Latency.CaptureToPublish)));
        foreach (var (stage, values) in summary.Latency.Stages)
        {
            rows.Add(Row($"  {SummaryJson.Name(stage)}", Milliseconds(values)));
        }

        rows.Add(Row("deadline missed", summary.DeadlineMissRatio is { } missed ? $"{Format(missed * 100, "0.###")} %" : "unknown"));
        if (summary.RealtimeFactor is { } factor)
        {
            rows.Add(Row("real time", $"{Format(factor, "0.##")} x"));
        }

        if (summary.AllocBytesPerFrameset is { } bytes)
        {
            rows.Add(Row("allocation", $"{Format(bytes, "0")} B a frame set; {summary.Gc.Gen2} gen-2 collections, {summary.Gc.Gen2Steady} of them in steady state"));
        }

        var skill = summary.Skill.Where(entry => double.IsFinite(entry.Skill)).Select(entry => $"{Format(entry.HorizonS, "0.#")} s: {Format(entry.Skill, "0.00")}").ToList();
        if (skill.Count > 0)
        {
            rows.Add(Row("skill", string.Join(", ", skill)));
        }

        rows.Add(Row("risk events", summary.RiskEvents.ToString(CultureInfo.InvariantCulture)));
        if (summary.Injected.Count > 0)
        {
            rows.Add(Row("injected", string.Join(", ", summary.Injected)));
        }

        if (summary.Digest is not null)
        {
            rows.Add(Row("digest", summary.Digest));
            rows.Add(Row("instructions", summary.InstructionSet ?? "unknown"));
        }

        return rows;
    }

    private static string[] Row(string name, string value) => [name, value];

    private static string Drops(IReadOnlyDictionary<DropReason, long> dropped) => dropped.Count == 0
        ? ""
        : $", dropped {string.Join(", ", dropped.Select(drop => $"{drop.Value} {SummaryJson.Name(drop.Key)}"))}";

    private static string Milliseconds(Percentiles values) =>
        $"p50 {Format(values.P50, "0.0")}, p95 {Format(values.P95, "0.0")}, p99 {Format(values.P99, "0.0")}, max {Format(values.Max, "0.0")} ms";

    private static string Format(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "unknown";
}
