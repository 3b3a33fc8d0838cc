using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// What a frame set costs from its dispatch until its forecast is handed over: the run at each rung, and publishing, which another thread does
/// afterwards. Each is a decaying upper estimate: a costlier one raises it at once, cheaper ones lower it by a twentieth of the difference each, and
/// the runs of costlier rungs, which do not happen meanwhile, as far as their first estimate: one stall must not shut a rung for ever. A probe's
/// is the new estimate. The margin is on top. Frozen, it keeps its first figures, so that a replay decides the same everywhere. The journey's thread only.
/// </summary>
public sealed class CostTable
{
    private const double Decay = 0.05;
    private const double MarginFactor = 1.1;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly Rung[] _rungs;
    private readonly double[] _runS;
    private readonly double[] _first;
    private readonly bool _frozen;
    private double _publishingS;

    /// <param name="rungs">Numbers of manoeuvres, most first, from every camera.</param>
    /// <param name="runs">As below.</param>
    public CostTable(IReadOnlyList<int> rungs, IReadOnlyList<TimeSpan> runs, bool frozen, TimeSpan publishing = default)
        : this([.. rungs.Select(count => new Rung(count, Rung.EveryCamera))], runs, frozen, publishing)
    {
    }

    /// <param name="rungs">The dearest first.</param>
    /// <param name="runs">The first estimate of each rung's run, from dispatch to judged: warmed up, or the manifest's.</param>
    /// <param name="publishing">The first estimate from judged to handed over.</param>
    public CostTable(IReadOnlyList<Rung> rungs, IReadOnlyList<TimeSpan> runs, bool frozen, TimeSpan publishing = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(runs.Count, rungs.Count);
        _rungs = [.. rungs];
        _runS = [.. runs.Select(cost => cost.TotalSeconds)];
        _first = [.. _runS];
        _publishingS = publishing.TotalSeconds;
        FirstPublishing = publishing;
        _frozen = frozen;
    }

    /// <summary>The manifest's table, frozen.</summary>
    public static CostTable FromManifest(ModelManifest manifest, IReadOnlyList<int> rungs) =>
        new(rungs, [.. rungs.Select(rung => manifest.CostTable.First(entry => entry.Batch == 1 && entry.Manoeuvres == rung).Cost)], frozen: true);

    public ReadOnlySpan<Rung> Rungs => _rungs;

    /// <summary>The first estimates, as given: a table made of them and told the same observations says the same.</summary>
    public IReadOnlyList<TimeSpan> FirstRuns => [.. _first.Select(TimeSpan.FromSeconds)];

    public TimeSpan FirstPublishing { get; }

    /// <summary>
    /// Time from dispatch to handed over that a set at this rung will not exceed, as far as is known; never less than that of a cheaper rung: where
    /// one of those stalled, this one would have stalled as well.
    /// </summary>
    public TimeSpan Cost(int rungIndex)
    {
        var run = 0.0;
        for (var cheaper = rungIndex; cheaper < _runS.Length; cheaper++)
        {
            run = Math.Max(run, _runS[cheaper]);
        }

        return TimeSpan.FromSeconds((run + _publishingS) * MarginFactor) + Margin;
    }

    /// <summary>A run at this rung was judged so long after its dispatch.</summary>
    /// <param name="probe">What was too dear to be run is known again: the estimate is what this one took.</param>
    public void ObserveRun(int rungIndex, TimeSpan run, bool probe = false)
    {
        if (_frozen)
        {
            return;
        }

        _runS[rungIndex] = probe ? run.TotalSeconds : Follow(_runS[rungIndex], run);
        for (var costlier = 0; costlier < rungIndex; costlier++)
        {
            var floor = Math.Max(_first[costlier], _runS[rungIndex]);
            _runS[costlier] -= Decay * Math.Max(0, _runS[costlier] - floor);
        }
    }

    /// <summary>A judged forecast was handed over so much later.</summary>
    /// <inheritdoc cref="ObserveRun" path="/param[@name='probe']"/>
    public void ObservePublishing(TimeSpan publishing, bool probe = false)
    {
        if (!_frozen)
        {
            _publishingS = probe ? publishing.TotalSeconds : Follow(_publishingS, publishing);
        }
    }

    private static double Follow(double known, TimeSpan observed) =>
        observed.TotalSeconds > known ? observed.TotalSeconds : known + (Decay * (observed.TotalSeconds - known));
}
