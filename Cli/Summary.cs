using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Cli;

/// <summary>How a run went; what --summary FILE holds, and what the table at the end shows. A figure that could not be measured is null.</summary>
internal sealed record Summary
{
    public required FramesetCounts Framesets { get; init; }

    /// <summary>By the camera's name.</summary>
    public required IReadOnlyDictionary<string, FrameSummary> Frames { get; init; }

    public required LatencySummary Latency { get; init; }

    /// <summary>(captured - published valid and on time) / captured; null when nothing was captured.</summary>
    public double? DeadlineMissRatio { get; init; }

    /// <summary>End to end less decode and inference.</summary>
    public OverheadSummary? Overhead { get; init; }

    /// <summary>Managed allocation of the whole process, in bytes a published frame set, in steady state.</summary>
    public double? AllocBytesPerFrameset { get; init; }

    public required GcSummary Gc { get; init; }

    /// <summary>Seconds of the drive a second of the clock on the wall.</summary>
    public double? RealtimeFactor { get; init; }

    /// <summary>Rising edges.</summary>
    public long RiskEvents { get; init; }

    /// <summary>Rolling skill against persistence by horizon in seconds; NaN where there was too little to say.</summary>
    public IReadOnlyList<HorizonSkill> Skill { get; init; } = [];

    /// <summary>Of the canonical fields; null when none was kept.</summary>
    public string? Digest { get; init; }

    /// <summary>What of the processor the digest's bits depend on; null where there is no digest.</summary>
    public string? InstructionSet { get; init; }

    /// <summary>Null: nothing was recorded.</summary>
    public RecordingSummary? Recording { get; init; }

    /// <summary>Faults that were made on purpose, as they were asked for: figures of such a run are not the program's.</summary>
    public IReadOnlyList<string> Injected { get; init; } = [];

    /// <summary>The counts of a ledger, its drops by reason (those that happened).</summary>
    public static FramesetCounts FramesetsOf(LedgerCopy ledger) => new(ledger.Due, ledger.Formed, ledger.Published, DropsOf(ledger.SetDrops));

    /// <param name="cameras">Names in the rig's order.</param>
    public static IReadOnlyDictionary<string, FrameSummary> FramesOf(LedgerCopy ledger, IReadOnlyList<string> cameras)
    {
        var frames = new Dictionary<string, FrameSummary>();
        for (var i = 0; i < cameras.Count; i++)
        {
            var counts = ledger.Cameras[i];
            frames[cameras[i]] = new FrameSummary(counts.Captured, counts.Used, DropsOf(counts.Dropped));
        }

        return frames;
    }

    public static double? DeadlineMissRatioOf(LedgerCopy ledger) => ledger.Due == 0 ? null : (double)Math.Max(0, ledger.Due - ledger.OnTime) / ledger.Due;

    /// <summary>Several runs as one: counts are added, the worst of the latencies and ratios stands, digests are chained.</summary>
    public static Summary Of(IReadOnlyList<Summary> runs)
    {
        if (runs.Count == 1)
        {
            return runs[0];
        }

        var frames = new Dictionary<string, FrameSummary>();
        foreach (var run in runs)
        {
            foreach (var (camera, counts) in run.Frames)
            {
                frames[camera] = frames.TryGetValue(camera, out var sum)
                    ? new FrameSummary(sum.Captured + counts.Captured, sum.Used + counts.Used, Sum(sum.Dropped, counts.Dropped))
                    : counts;
            }
        }

        var sets = runs.Select(run => run.Framesets).Aggregate(
            new FramesetCounts(0, 0, 0, new Dictionary<DropReason, long>()),
            (sum, next) => new FramesetCounts(sum.Captured + next.Captured, sum.Formed + next.Formed, sum.Published + next.Published, Sum(sum.Dropped, next.Dropped)));
        return new Summary
        {
            Framesets = sets,
            Frames = frames,
            Latency = new LatencySummary(
                Worst(runs.Select(run => run.Latency.CaptureToPublish)),
                runs.SelectMany(run => run.Latency.Stages).GroupBy(stage => stage.Key).ToDictionary(stage => stage.Key, stage => Worst(stage.Select(entry => entry.Value)))),
            DeadlineMissRatio = runs.Max(run => run.DeadlineMissRatio),
            Overhead = runs.All(run => run.Overhead is null) ? null : new OverheadSummary(runs.Max(run => run.Overhead?.P50 ?? 0), runs.Max(run => run.Overhead?.P99 ?? 0)),
            AllocBytesPerFrameset = runs.Max(run => run.AllocBytesPerFrameset),
            Gc = new GcSummary(runs.Sum(run => run.Gc.Gen2), runs.Sum(run => run.Gc.Gen2Steady), runs.Count == 0 ? 0 : runs.Max(run => run.Gc.PauseRatio)),
            RealtimeFactor = runs.Min(run => run.RealtimeFactor),
            RiskEvents = runs.Sum(run => run.RiskEvents),
            InstructionSet = runs.Select(run => run.InstructionSet).FirstOrDefault(),
            Digest = runs.All(run => run.Digest is not null) ? Chain(runs.Select(run => run.Digest!)) : null,
        };
    }

    private static Dictionary<DropReason, long> Sum(IReadOnlyDictionary<DropReason, long> first, IReadOnlyDictionary<DropReason, long> second)
    {
        var sum = new Dictionary<DropReason, long>(first);
        foreach (var (reason, count) in second)
        {
            sum[reason] = sum.GetValueOrDefault(reason) + count;
        }

        return sum;
    }

    private static Percentiles Worst(IEnumerable<Percentiles> all) =>
        all.Aggregate((a, b) => new Percentiles(Math.Max(a.P50, b.P50), Math.Max(a.P95, b.P95), Math.Max(a.P99, b.P99), Math.Max(a.Max, b.Max)));

    private static string Chain(IEnumerable<string> digests) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(string.Concat(digests))));

    private static Dictionary<DropReason, long> DropsOf(long[] counts)
    {
        var drops = new Dictionary<DropReason, long>();
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] != 0)
            {
                drops[(DropReason)i] = counts[i];
            }
        }

        return drops;
    }
}

/// <param name="Captured">Ticks that the rig should have produced.</param>
internal sealed record FramesetCounts(long Captured, long Formed, long Published, IReadOnlyDictionary<DropReason, long> Dropped);

internal sealed record FrameSummary(long Captured, long Used, IReadOnlyDictionary<DropReason, long> Dropped);

/// <param name="Stages">Those that were measured.</param>
internal sealed record LatencySummary(Percentiles CaptureToPublish, IReadOnlyDictionary<Stage, Percentiles> Stages);

/// <summary>Milliseconds.</summary>
internal sealed record Percentiles(double P50, double P95, double P99, double Max);

/// <summary>Milliseconds.</summary>
internal sealed record OverheadSummary(double P50, double P99);

/// <param name="Gen2">Collections of generation 2, the start of the run included.</param>
/// <param name="Gen2Steady">Those of them that came in steady state, where allocation is counted too.</param>
/// <param name="PauseRatio">Share of the time in which the collector stood in the way; 0 to 1.</param>
internal sealed record GcSummary(int Gen2, int Gen2Steady, double PauseRatio);

/// <param name="Dropped">Messages for which there was no room.</param>
internal sealed record RecordingSummary(string Folder, long Messages, long Bytes, long Dropped);

internal sealed record HorizonSkill(double HorizonS, double Skill);
