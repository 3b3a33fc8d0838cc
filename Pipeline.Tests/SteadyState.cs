namespace Forecast.Pipeline.Tests;

/// <summary>What a path allocates once it is warm.</summary>
internal static class SteadyState
{
    /// <summary>
    /// The least that this thread allocated in one of three rounds, bytes. What the code itself allocates is in every round; what a path's first use
    /// costs, or an allocation buffer that a collection of another test took away half full (seen: 7,288 bytes at once, of 8,192), is in one.
    /// </summary>
    public static long Allocated(Action round)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
