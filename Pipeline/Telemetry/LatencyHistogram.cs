using System.Numerics;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// How often a duration took how long, over a whole run: buckets that double every 64, so that a quantile is within 0.8 % at any size,
/// in 16 KiB. Recording is one addition, allocates nothing, and is safe from any thread.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private const int LongestBits = 37; // 137 s; what took longer counts as that

    private readonly long[] _counts = new long[(LongestBits - SubBits) * SubBuckets + SubBuckets];
    private long _longest;

    /// <summary>The longest, exactly; zero before the first.</summary>
    public long LongestNs => Interlocked.Read(ref _longest);

    internal ReadOnlySpan<long> Counts => _counts;

    public void Record(long nanoseconds)
    {
        var value = Math.Clamp(nanoseconds, 0, (1L << LongestBits) - 1);
        Interlocked.Increment(ref _counts[BucketOf(value)]);
        var longest = Interlocked.Read(ref _longest);
        while (value > longest)
        {
            var seen = Interlocked.CompareExchange(ref _longest, value, longest);
            if (seen == longest)
            {
                return;
            }

            longest = seen;
        }
    }

    /// <summary>Over the whole run.</summary>
    public LatencyFigures Figures() => Figures(_counts, LongestNs);

    /// <summary>Of any counts of this shape.</summary>
    /// <param name="longestNs">The longest if known; else -1, and it is read from the counts.</param>
    internal static LatencyFigures Figures(ReadOnlySpan<long> counts, long longestNs)
    {
        var total = 0L;
        var last = -1;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            total += counts[bucket];
            last = counts[bucket] > 0 ? bucket : last;
        }

        if (total == 0)
        {
            return LatencyFigures.None;
        }

        var longest = longestNs < 0 ? MiddleOf(last) : longestNs;
        return new LatencyFigures(
            total, Quantile(counts, total, 0.50, longest), Quantile(counts, total, 0.95, longest), Quantile(counts, total, 0.99, longest), longest / 1e6);
    }

    /// <summary>The nearest-rank quantile, milliseconds.</summary>
    private static double Quantile(ReadOnlySpan<long> counts, long total, double share, double longest)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * total));
        var bucket = 0;
        for (var seen = counts[0]; seen < rank; seen += counts[bucket])
        {
            bucket++;
        }

        return Math.Min(MiddleOf(bucket), longest) / 1e6;
    }

    private static int BucketOf(long value)
    {
        var octave = Math.Max(0, BitOperations.Log2((ulong)value | 1) - SubBits);
        return (octave << SubBits) + (int)(value >> octave);
    }

    private static double MiddleOf(int bucket)
    {
        var octave = Math.Max(0, (bucket >> SubBits) - 1);
        var least = (long)(bucket - (octave << SubBits)) << octave;
        return least + (((1L << octave) - 1) / 2.0);
    }
}
