using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Calibration;

/// <summary>Log errors of the latent forecast at one tick of a drive: one a horizon looked at, NaN where it was not compared.</summary>
public sealed record SurpriseLook(int Drive, double MomentS, double[] LogErrors);

/// <summary>
/// What the latent forecast's error usually is, and a threshold with a bounded rate of false alarms: drives (an hour's in stretches of a
/// minute) as they come are exchangeable, so that a new one scores higher than the k-th highest of n with probability k / (n + 1).
/// </summary>
public static class SurpriseFit
{
    /// <summary>An event at three of five looks: a world that differs for a third of a second.</summary>
    public const int M = 3;
    public const int N = 5;

    /// <summary>Asked for; with too few drives to promise it, the lowest rate that they allow is stated instead.</summary>
    public const double WantedFalseAlarmsPerHour = 1;

    /// <summary>Fewer looks, and no mean or deviation is worth the name.</summary>
    public const int LeastLooks = 50;

    private const double StretchS = 60;
    private const double LeastDeviation = 0.02;

    /// <param name="looks">In the order of time within each drive.</param>
    /// <param name="horizonsS">Those looked at.</param>
    /// <returns>Null where there are too few looks.</returns>
    public static SurpriseCalibration? Fit(IReadOnlyList<SurpriseLook> looks, IReadOnlyList<double> horizonsS, TimeSpan driven)
    {
        var norms = new List<SurpriseNorm>();
        for (var k = 0; k < horizonsS.Count; k++)
        {
            var errors = looks.Select(look => look.LogErrors[k]).Where(double.IsFinite).ToList();
            if (errors.Count < LeastLooks)
            {
                continue;
            }

            var mean = errors.Average();
            var deviation = Math.Sqrt(errors.Sum(error => (error - mean) * (error - mean)) / (errors.Count - 1));
            norms.Add(new SurpriseNorm(horizonsS[k], Math.Round(mean, 5), Math.Round(Math.Max(LeastDeviation, deviation), 5)));
        }

        var stretches = StretchScores(looks, norms, horizonsS);
        if (stretches.Count == 0)
        {
            return null;
        }

        var hours = driven.TotalHours / stretches.Count;
        var allowed = Math.Clamp((int)(WantedFalseAlarmsPerHour * hours * (stretches.Count + 1)), 1, stretches.Count);
        var threshold = Math.Ceiling((stretches[allowed - 1] * 1000) + 1e-6) / 1000; // just above the score that may alarm
        return new SurpriseCalibration(norms, threshold, M, N, Math.Round(allowed / (stretches.Count + 1.0) / hours, 3));
    }

    /// <summary>For each stretch the threshold up to which it would alarm: the greatest of any five looks' third greatest score. Highest first.</summary>
    private static List<double> StretchScores(IReadOnlyList<SurpriseLook> looks, List<SurpriseNorm> norms, IReadOnlyList<double> horizonsS)
    {
        var scores = new List<double>();
        foreach (var stretch in looks.GroupBy(look => (look.Drive, Stretch: (long)(look.MomentS / StretchS))))
        {
            var recent = new Queue<double>();
            var highest = double.NegativeInfinity;
            foreach (var look in stretch)
            {
                var score = Score(look, norms, horizonsS);
                if (double.IsNaN(score))
                {
                    continue;
                }

                recent.Enqueue(score);
                if (recent.Count > N)
                {
                    recent.Dequeue();
                }

                highest = recent.Count < M ? highest : Math.Max(highest, recent.OrderDescending().ElementAt(M - 1));
            }

            if (double.IsFinite(highest))
            {
                scores.Add(highest);
            }
        }

        scores.Sort((one, other) => other.CompareTo(one));
        return scores;
    }

    private static double Score(SurpriseLook look, List<SurpriseNorm> norms, IReadOnlyList<double> horizonsS)
    {
        var greatest = double.NaN;
        foreach (var norm in norms)
        {
            for (var k = 0; k < horizonsS.Count; k++)
            {
                if (horizonsS[k] == norm.HorizonS && double.IsFinite(look.LogErrors[k]))
                {
                    var score = (look.LogErrors[k] - norm.Mean) / norm.Sd;
                    greatest = double.IsNaN(greatest) ? score : Math.Max(greatest, score);
                }
            }
        }

        return greatest;
    }
}
