using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// The level with hysteresis, and the alarm: risen when at least M of the last N ticks were at high, fallen when none of the last N was:
/// the rule by which training chose the thresholds. Event ids come from the generator given, so that a replay has the same ones.
/// </summary>
public sealed class AlarmTracker
{
    private readonly RiskLevels _levels;
    private readonly Func<Guid> _newId;
    private readonly bool[] _high;
    private RiskLevel _level = RiskLevel.Unknown;
    private long _ticks;

    public AlarmTracker(RiskLevels levels, Func<Guid> newId)
    {
        _levels = levels;
        _newId = newId;
        _high = new bool[levels.AlarmN];
    }

    public AlarmEvent? Standing { get; private set; }

    /// <summary>How many alarms have risen.</summary>
    public int Raised { get; private set; }

    /// <param name="probability">Calibrated, of manoeuvre 0 at the levels' horizon.</param>
    public (RiskLevel Level, AlarmEvent? Alarm, AlarmEdge Edge) See(Timestamp moment, double probability)
    {
        _level = Next(_level, probability);
        _high[(int)(_ticks++ % _levels.AlarmN)] = _level == RiskLevel.High;
        if (Standing is null)
        {
            if (Count(_high) < _levels.AlarmM)
            {
                return (_level, null, AlarmEdge.None);
            }

            Standing = new AlarmEvent(_newId(), moment) { PeakProbability = (float)probability };
            Raised++;
            return (_level, Standing, AlarmEdge.Rising);
        }

        Standing.PeakProbability = Math.Max(Standing.PeakProbability, (float)probability);
        if (Count(_high) > 0)
        {
            return (_level, Standing, AlarmEdge.None);
        }

        var fallen = Standing;
        Standing = null;
        return (_level, fallen, AlarmEdge.Falling);
    }

    private static int Count(bool[] flags)
    {
        var count = 0;
        foreach (var flag in flags)
        {
            count += flag ? 1 : 0;
        }

        return count;
    }

    private RiskLevel Next(RiskLevel level, double probability)
    {
        if (probability >= _levels.High.Rise || (level == RiskLevel.High && probability >= _levels.High.Fall))
        {
            return RiskLevel.High;
        }

        var wasElevated = level is RiskLevel.Elevated or RiskLevel.High;
        return probability >= _levels.Elevated.Rise || (wasElevated && probability >= _levels.Elevated.Fall) ? RiskLevel.Elevated : RiskLevel.Low;
    }
}
