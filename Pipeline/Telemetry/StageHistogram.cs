namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// One duration as Prometheus wants it (a few fixed edges, one of them exactly the budget) and as a summary wants it
/// (<see cref="Run"/>). Recording allocates nothing and is safe from any thread.
/// </summary>
public sealed class StageHistogram
{
    private static readonly double[] UsualEdgesMs = [1, 5, 10, 20, 50, 200, 500];

    private readonly long[] _edgesNs;
    private readonly long[] _counts;
    private long _sumNs;

    public StageHistogram(TimeSpan budget)
    {
        var edges = UsualEdgesMs.Select(edge => TimeSpan.FromMilliseconds(edge)).Append(budget).Distinct().Order();
        _edgesNs = [.. edges.Select(edge => edge.Ticks * TimeSpan.NanosecondsPerTick)];
        _counts = new long[_edgesNs.Length + 1];
    }

    /// <summary>Upper edges, inclusive, nanoseconds; above the last one lies one bucket more.</summary>
    public ReadOnlySpan<long> EdgesNs => _edgesNs;

    public LatencyHistogram Run { get; } = new();

    public double SumS => Interlocked.Read(ref _sumNs) / 1e9;

    /// <summary>How many lie in one bucket alone.</summary>
    public long InBucket(int bucket) => Interlocked.Read(ref _counts[bucket]);

    public void Record(long nanoseconds)
    {
        var bucket = 0;
        while (bucket < _edgesNs.Length && nanoseconds > _edgesNs[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _sumNs, nanoseconds);
        Run.Record(nanoseconds);
    }
}
