namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// What a histogram of the whole run gained since the last look: recording goes on undisturbed, nothing is lost between two windows.
/// One thread looks.
/// </summary>
public sealed class LatencyWindow(LatencyHistogram histogram)
{
    private readonly long[] _before = new long[histogram.Counts.Length];
    private readonly long[] _gained = new long[histogram.Counts.Length];

    /// <summary>The figures since the last call; the longest, too, within 0.8 %.</summary>
    public LatencyFigures Turn()
    {
        var counts = histogram.Counts;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            var now = Volatile.Read(in counts[bucket]);
            _gained[bucket] = now - _before[bucket];
            _before[bucket] = now;
        }

        return LatencyHistogram.Figures(_gained, longestNs: -1);
    }
}
