using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Risk;

namespace Forecast.Replay.Calibration;

/// <summary>The model's statistic at one tick of a drive, neither shifted nor scaled: one for each horizon of its surprise.</summary>
/// <param name="OwnMotion">The value of <see cref="OwnMotionNorm"/>; null where it was not to be had.</param>
public sealed record SurpriseLook(int Drive, double MomentS, double[] Values, double? OwnMotion = null);

/// <summary>
/// What the model's statistic of surprise usually is on a rig, and a threshold with a bounded rate of false alarms. Drives as they come are exchangeable, so
/// that a new one alarms, on average, at most as often as (events of n drives + the most in one of them) / (n + 1); its hours are those in which there were
/// looks. What is usual of each cell stays as the model has it: a rig's drives are too few for so many numbers.
/// </summary>
public static class SurpriseFit
{
    /// <summary>Asked for; with too few drives to promise it, the lowest rate that they allow is stated instead.</summary>
    public const double WantedFalseAlarmsPerHour = 1;

    /// <summary>Fewer looks, and no mean or deviation is worth the name.</summary>
    public const int LeastLooks = 50;

    private const double High = 0.97; // Training/model/latents.py, `usual`: a score of 1 is what three ordinary ticks of a hundred reach
    private const double LeastDeviation = 0.02;

    /// <param name="looks">In the order of time within each drive.</param>
    /// <param name="own">The model's, whose statistic and rule stay.</param>
    /// <param name="tickPeriod">What a look stands for: where none was possible, none could alarm.</param>
    /// <returns>Null where there are too few looks.</returns>
    public static SurpriseCalibration? Fit(IReadOnlyList<SurpriseLook> looks, SurpriseCalibration own, TimeSpan tickPeriod)
    {
        if (looks.Count < LeastLooks)
        {
            return null;
        }

        var norms = own.Norms.Select((norm, i) => Refit(norm, [.. looks.Select(look => look.Values[i])], own.Abrupt)).ToList();
        double[] motion = [.. looks.Where(look => look.OwnMotion is not null).Select(look => look.OwnMotion!.Value)];
        var fitted = own with { Norms = norms, OwnMotion = own.OwnMotion is { } usual && motion.Length >= LeastLooks ? Refit(usual, motion) : null };
        var drives = looks.GroupBy(look => look.Drive).Select(drive => drive.Select(look => (float)Score(look, fitted)).ToArray()).ToList();
        var highest = drives.Select(scores => HighestAlarming(scores, fitted)).Where(double.IsFinite).OrderDescending().ToList();
        if (highest.Count == 0)
        {
            return null;
        }

        var hours = looks.Count * tickPeriod.TotalHours;
        var (threshold, events) = ThresholdFor(drives, highest, fitted, hours / drives.Count);
        return fitted with
        {
            Threshold = threshold, FalseAlarmsPerHour = Math.Round(events / (hours / drives.Count), 3), MeasuredHours = Math.Round(hours, 6),
        };
    }

    /// <summary>The lowest threshold whose promise is what is wanted; where none is, the one just above every drive.</summary>
    /// <returns>With the events that it promises a new drive at most, on average.</returns>
    private static (double Threshold, double Events) ThresholdFor(List<float[]> drives, List<double> highest, SurpriseCalibration fitted, double hoursADrive)
    {
        var found = Promise(highest[0]);
        for (var k = 1; k < highest.Count; k++)
        {
            var next = Promise(highest[k]);
            if (next.Events > WantedFalseAlarmsPerHour * hoursADrive)
            {
                break;
            }

            found = next;
        }

        return found;

        (double Threshold, double Events) Promise(double score)
        {
            var threshold = Math.Ceiling((score * 1000) + 1e-3) / 1000; // just above the score that may alarm
            var above = drives.Sum(scores => Events(scores, fitted with { Threshold = threshold }));
            var most = drives.Max(scores => Events(scores, fitted with { Threshold = score }));
            return (threshold, (above + most) / (drives.Count + 1.0));
        }
    }

    /// <summary>Rising edges, by the pipeline's own rule.</summary>
    private static int Events(float[] scores, SurpriseCalibration fitted)
    {
        var tracker = new SurpriseTracker(() => Guid.Empty);
        var events = 0;
        foreach (var score in scores)
        {
            events += tracker.See(default, score, fitted) == AlarmEdge.Rising ? 1 : 0;
        }

        return events;
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

    /// <summary>The threshold up to which a drive would alarm: the greatest of any N looks' M-th greatest score; not finite where it has fewer than M looks.</summary>
    private static double HighestAlarming(float[] scores, SurpriseCalibration fitted)
    {
        var recent = new Queue<float>();
        var highest = double.NegativeInfinity;
        foreach (var score in scores)
        {
            recent.Enqueue(score);
            if (recent.Count > fitted.N)
            {
                recent.Dequeue();
            }

            highest = recent.Count < fitted.M ? highest : Math.Max(highest, recent.OrderDescending().ElementAt(fitted.M - 1));
        }

        return highest;
    }
}
