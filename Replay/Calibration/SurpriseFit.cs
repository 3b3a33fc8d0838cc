using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Calibration;

/// <summary>The model's statistic at one tick of a drive, neither shifted nor scaled: one for each horizon of its surprise.</summary>
/// <param name="OwnMotion">The value of <see cref="OwnMotionNorm"/>; null where it was not to be had.</param>
public sealed record SurpriseLook(int Drive, double MomentS, double[] Values, double? OwnMotion = null);

/// <summary>
/// What the model's statistic of surprise usually is on a rig, and a threshold with a bounded rate of false alarms: drives (an hour's in stretches of a
/// minute) as they come are exchangeable, so that a new one scores higher than the k-th highest of n with probability k / (n + 1). What is usual of
/// each cell stays as the model has it: a rig's drives are too few for so many numbers.
/// </summary>
public static class SurpriseFit
{
    /// <summary>Asked for; with too few drives to promise it, the lowest rate that they allow is stated instead.</summary>
    public const double WantedFalseAlarmsPerHour = 1;

    /// <summary>Fewer looks, and no mean or deviation is worth the name.</summary>
    public const int LeastLooks = 50;

    private const double StretchS = 60;
    private const double High = 0.97; // Training/model/latents.py, `usual`: a score of 1 is what three ordinary ticks of a hundred reach
    private const double LeastDeviation = 0.02;

    /// <param name="looks">In the order of time within each drive.</param>
    /// <param name="own">The model's, whose statistic and rule stay.</param>
    /// <returns>Null where there are too few looks.</returns>
    public static SurpriseCalibration? Fit(IReadOnlyList<SurpriseLook> looks, SurpriseCalibration own, TimeSpan driven)
    {
        if (looks.Count < LeastLooks)
        {
            return null;
        }

        var norms = own.Norms.Select((norm, i) => Refit(norm, [.. looks.Select(look => look.Values[i])], own.Abrupt)).ToList();
        double[] motion = [.. looks.Where(look => look.OwnMotion is not null).Select(look => look.OwnMotion!.Value)];
        var fitted = own with { Norms = norms, OwnMotion = own.OwnMotion is { } usual && motion.Length >= LeastLooks ? Refit(usual, motion) : null };
        var stretches = StretchScores(looks, fitted);
        if (stretches.Count == 0)
        {
            return null;
        }

        var hours = driven.TotalHours / stretches.Count;
        var allowed = Math.Clamp((int)(WantedFalseAlarmsPerHour * hours * (stretches.Count + 1)), 1, stretches.Count);
        var threshold = Math.Ceiling((stretches[allowed - 1] * 1000) + 1e-6) / 1000; // just above the score that may alarm
        return fitted with
        {
            Threshold = threshold, FalseAlarmsPerHour = Math.Round(allowed / (stretches.Count + 1.0) / hours, 3), MeasuredHours = Math.Round(driven.TotalHours, 6),
        };
    }

    private static SurpriseNorm Refit(SurpriseNorm norm, IReadOnlyList<double> values, bool abrupt)
    {
        if (abrupt)
        {
            var (centre, width) = Usual(values);
            return norm with { Mean = centre, Sd = width };
        }

        var mean = values.Average();
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return norm with { Mean = Math.Round(mean, 5), Sd = Math.Round(Math.Max(LeastDeviation, deviation), 5) };
    }

    private static OwnMotionNorm Refit(OwnMotionNorm norm, IReadOnlyList<double> values)
    {
        var (centre, width) = Usual(values);
        return norm with { Centre = centre, Width = width };
    }

    private static (double Centre, double Width) Usual(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        var centre = sorted[(sorted.Length - 1) / 2];
        return (Math.Round(centre, 5), Math.Round(Math.Max(LeastDeviation, sorted[(int)(High * (sorted.Length - 1))] - centre), 5));
    }

    private static double Score(SurpriseLook look, SurpriseCalibration fitted)
    {
        var scene = fitted.Norms.Select((norm, i) => (look.Values[i] - norm.Mean) / norm.Sd).Average();
        return fitted.OwnMotion is { } own && look.OwnMotion is { } value ? Math.Max(scene, (value - own.Centre) / own.Width) : scene;
    }

    /// <summary>For each stretch the threshold up to which it would alarm: the greatest of any N looks' M-th greatest score. Highest first.</summary>
    private static List<double> StretchScores(IReadOnlyList<SurpriseLook> looks, SurpriseCalibration fitted)
    {
        var scores = new List<double>();
        foreach (var stretch in looks.GroupBy(look => (look.Drive, Stretch: (long)(look.MomentS / StretchS))))
        {
            var recent = new Queue<double>();
            var highest = double.NegativeInfinity;
            foreach (var look in stretch)
            {
                recent.Enqueue(Score(look, fitted));
                if (recent.Count > fitted.N)
                {
                    recent.Dequeue();
                }

                highest = recent.Count < fitted.M ? highest : Math.Max(highest, recent.OrderDescending().ElementAt(fitted.M - 1));
            }

            if (double.IsFinite(highest))
            {
                scores.Add(highest);
            }
        }

        scores.Sort((one, other) => other.CompareTo(one));
        return scores;
    }
}
