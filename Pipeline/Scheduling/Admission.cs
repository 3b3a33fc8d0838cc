using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// Dispatches only what can still make its deadline: now + cost(rung) &lt;= deadline, at the highest rung for which that holds. A
/// rung goes down at once and comes up again after ten sets with room for it. When nothing was dispatched for three periods, one
/// probe runs at the lowest rung all the same: estimates that only ever see nothing would never recover.
/// <para>Theorem (docs/deadlines.md): a set that is dispatched at d, is no probe, and is handed over no later than d + cost as it stood at d, is handed
/// over by its deadline. Nothing is claimed about how often that assumption holds; where it does not, that is counted, and the message says deadline_met false.</para>
/// </summary>
public sealed class Admission(CostTable costs, TimeSpan budget, TimeSpan period)
{
    private const int SetsBeforeUp = 10;
    private const int PeriodsBeforeProbe = 3;

    private int _rung;
    private int _roomForBetter;
    private Timestamp? _lastDispatch;

    public TimeSpan Budget => budget;

    /// <summary>Index of the rung to run the set at; -1 to drop it as stale. A set whose cost is more than what is left is a probe.</summary>
    public int Decide(Timestamp now, Timestamp oldestCapture)
    {
        _lastDispatch ??= now;
        var slack = oldestCapture + budget - now;
        var best = 0;
        while (best < costs.Rungs.Length && costs.Cost(best) > slack)
        {
            best++;
        }

        if (best == costs.Rungs.Length)
        {
            return Probe(now);
        }

        if (best >= _rung)
        {
            _roomForBetter = 0;
            _rung = best;
        }
        else if (++_roomForBetter >= SetsBeforeUp)
        {
            _roomForBetter = 0;
            _rung--;
        }

        _lastDispatch = now;
        return _rung;
    }

    private int Probe(Timestamp now)
    {
        if (now - _lastDispatch!.Value < period * PeriodsBeforeProbe)
        {
            return -1;
        }

        _lastDispatch = now;
        _rung = costs.Rungs.Length - 1;
        return _rung;
    }
}
