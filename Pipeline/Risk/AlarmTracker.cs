using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// The level with hysteresis, and the alarm: risen when at least M of the last N ticks were at high, fallen when none of the last N was:
/// the rule by which training chose the thresholds. Those may be others from tick to tick, as the ego's motion is measured or
/// estimated: the level and a standing alarm go on under them. Event ids come from the generator given, so that a replay has the same ones.
/// </summary>
public sealed class AlarmTracker(Func<Guid> newId)
{
    private UInt128 _high; // a bit a tick, the newest lowest: N is at most 100
    private RiskLevel _level = RiskLevel.Unknown;

    public AlarmEvent? Standing { get; private set; }

    /// <summary>How many alarms have risen.</summary>
    public int Raised { get; private set; }

    /// <param name="probability">Calibrated, of manoeuvre 0 at the levels' horizon.</param>
    public (RiskLevel Level, AlarmEvent? Alarm, AlarmEdge Edge) See(Timestamp moment, double probability, RiskLevels levels)
    {
        _level = Next(_level, probability, levels);
        var high = _level == RiskLevel.High;
        _high = (_high << 1) | (high ? UInt128.One : UInt128.Zero);
        var among = (int)UInt128.PopCount(_high & ((UInt128.One << levels.AlarmN) - 1));
        if (Standing is null)
        {
            // Only a tick at high raises one: another M or N must not make an alarm of the past.
            if (!high || among < levels.AlarmM)
            {
                return (_level, null, AlarmEdge.None);
            }

            Standing = new AlarmEvent(newId(), moment) { PeakProbability = (float)probability };
            Raised++;
            return (_level, Standing, AlarmEdge.Rising);
        }

        Standing.PeakProbability = Math.Max(Standing.PeakProbability, (float)probability);
        if (among > 0)
        {
            return (_level, Standing, AlarmEdge.None);
        }

        var fallen = Standing;
        Standing = null;
        _high = UInt128.Zero; // what a longer N would still find belongs to the alarm that has fallen
        return (_level, fallen, AlarmEdge.Falling);
    }

    private static RiskLevel Next(RiskLevel level, double probability, RiskLevels levels)
    {
        if (probability >= levels.High.Rise || (level == RiskLevel.High && probability >= levels.High.Fall))
        {
            return RiskLevel.High;
        }

        var wasElevated = level is RiskLevel.Elevated or RiskLevel.High;
        return probability >= levels.Elevated.Rise || (wasElevated && probability >= levels.Elevated.Fall) ? RiskLevel.Elevated : RiskLevel.Low;
    }
}
