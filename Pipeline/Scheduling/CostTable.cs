using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// What a run costs at each rung: a decaying upper estimate. A costlier run raises it at once, cheaper ones lower it by a twentieth
/// of the difference each, and those of the costlier rungs, which do not run meanwhile, as far as their first estimate: one stall must not
/// shut a rung for ever. The margin is on top. Frozen, it keeps the manifest's figures, so that a replay decides the same everywhere.
/// </summary>
public sealed class CostTable
{
    private const double Decay = 0.05;
    private const double MarginFactor = 1.1;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly int[] _rungs;
    private readonly double[] _seconds;
    private readonly double[] _first;
    private readonly bool _frozen;

    /// <param name="rungs">Numbers of manoeuvres, most first.</param>
    /// <param name="initial">The first estimate of each rung: warmed up, or the manifest's.</param>
    public CostTable(IReadOnlyList<int> rungs, IReadOnlyList<TimeSpan> initial, bool frozen)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(initial.Count, rungs.Count);
        _rungs = [.. rungs];
        _seconds = [.. initial.Select(cost => cost.TotalSeconds)];
        _first = [.. _seconds];
        _frozen = frozen;
    }

    /// <summary>The manifest's table, frozen.</summary>
    public static CostTable FromManifest(ModelManifest manifest, IReadOnlyList<int> rungs) =>
        new(rungs, [.. rungs.Select(rung => manifest.CostTable.First(entry => entry.Batch == 1 && entry.Manoeuvres == rung).Cost)], frozen: true);

    public ReadOnlySpan<int> Rungs => _rungs;

    /// <summary>Runs that took longer than their rung's cost said.</summary>
    public long Violations { get; private set; }

    /// <summary>
    /// Service time that a run at this rung will not exceed, as far as is known; never less than that of a rung with fewer manoeuvres: where one of those
    /// stalled, more would have stalled as well.
    /// </summary>
    public TimeSpan Cost(int rungIndex)
    {
        var seconds = 0.0;
        for (var cheaper = rungIndex; cheaper < _seconds.Length; cheaper++)
        {
            seconds = Math.Max(seconds, _seconds[cheaper]);
        }

        return TimeSpan.FromSeconds(seconds * MarginFactor) + Margin;
    }

    public void Observe(int rungIndex, TimeSpan service)
    {
        if (service > Cost(rungIndex))
        {
            Violations++;
        }

        if (_frozen)
        {
            return;
        }

        var sample = service.TotalSeconds;
        var known = _seconds[rungIndex];
        _seconds[rungIndex] = sample > known ? sample : known + (Decay * (sample - known));
        for (var costlier = 0; costlier < rungIndex; costlier++)
        {
            var floor = Math.Max(_first[costlier], _seconds[rungIndex]);
            _seconds[costlier] -= Decay * Math.Max(0, _seconds[costlier] - floor);
        }
    }
}
