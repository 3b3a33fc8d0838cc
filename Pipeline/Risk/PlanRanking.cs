using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// Orders the imagined manoeuvres: least probability of a collision within the last horizon first; where that is equal to within the
/// noise, the more comfortable one, then the one that gets further.
/// </summary>
public static class PlanRanking
{
    /// <summary>Differences below this are noise: the spread of the calibrated probability between neighbouring ticks of an unchanged scene.</summary>
    public const float Noise = 0.02f;

    /// <summary>A bad ride weighs at most one noise: 10 m/s2 root mean square.</summary>
    private const float WorstComfortMps2 = 10f;

    public static void Rank(SceneForecast forecast)
    {
        var ranking = forecast.Ranking.AsSpan(0, forecast.Manoeuvres);
        for (var i = 0; i < ranking.Length; i++)
        {
            var place = i;
            while (place > 0 && Score(forecast, i) < Score(forecast, ranking[place - 1]))
            {
                ranking[place] = ranking[place - 1];
                place--;
            }

            ranking[place] = i;
        }

        forecast.Margin = ranking.Length < 2 ? 0 : Math.Max(0, Risk(forecast, ranking[1]) - Risk(forecast, ranking[0]));
        forecast.Tie = forecast.Margin < Noise;
    }

    private static float Risk(SceneForecast forecast, int row) => forecast.Probability[(row * forecast.Horizons) + forecast.Horizons - 1];

    private static float Score(SceneForecast forecast, int row) =>
        Risk(forecast, row) + (Noise * Math.Min(1, forecast.Comfort[row] / WorstComfortMps2)) - (1e-5f * forecast.Progress[row]);
}
