using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>How far a forecast is to be trusted at the moment it is sent: never better than it was judged, and worse when it is late.</summary>
internal readonly record struct Verdict(Validity Validity, DegradedReasons Reasons, bool Expired)
{
    public static Verdict AsJudged(SceneForecast forecast) =>
        new(forecast.Validity == Validity.Unspecified ? Validity.Invalid : forecast.Validity, forecast.Reasons, Expired: false);

    public static Verdict AsSent(SceneForecast forecast, Timestamp publishTime)
    {
        var judged = AsJudged(forecast);
        if (judged.Validity == Validity.Invalid)
        {
            return judged;
        }

        var late = publishTime > forecast.Deadline;
        var expired = publishTime > forecast.ValidUntil;
        return new Verdict(
            late || expired ? Validity.Stale : judged.Validity,
            late ? judged.Reasons | DegradedReasons.DeadlineMissed : judged.Reasons,
            expired);
    }

    /// <summary>Unknown is never low: a forecast that cannot be trusted, or that has no probability, does not say low.</summary>
    public RiskLevel Level(SceneForecast forecast)
    {
        var unsure = Validity is Validity.Invalid or Validity.Stale || forecast.Manoeuvres < 1;
        foreach (var probability in forecast.Probability.AsSpan(0, forecast.Horizons))
        {
            unsure |= !float.IsFinite(probability);
        }

        return forecast.Level == RiskLevel.Unspecified || (unsure && forecast.Level == RiskLevel.Low) ? RiskLevel.Unknown : forecast.Level;
    }
}
