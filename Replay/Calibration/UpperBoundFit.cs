using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Calibration;

/// <summary>The calibrated probability of the intended manoeuvre at a horizon, on a tick of a drive, and what came of it.</summary>
public readonly record struct Outcome(int Drive, double Probability, bool Hit);

/// <summary>
/// In bins of the calibrated probability, the Clopper-Pearson limit of the rate of ticks. The trials are drives, since the ticks of one are no news of
/// each other; of drives with m ticks each there are as many as they weigh, (sum of m) squared over the sum of m squared (Kish, 1965): one long drive
/// among short ones is little more than one.
/// </summary>
public static class UpperBoundFit
{
    /// <summary>Says what the published n is, too.</summary>
    public const string Method = "Clopper-Pearson per bin of calibrated probability, trials = the bin's drives by weight, (sum m)^2 / sum m^2 of m ticks each; n = all labelled drives";

    /// <summary>Fewer drives by weight in a bin, and it takes the bound of the next higher one; the highest then has 1, which says nothing.</summary>
    public const int LeastDrives = 15;

    private static readonly double[] Edges = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4];

    /// <param name="byHorizon">Outcomes that are known, at each horizon.</param>
    public static UpperBoundTable Fit(IReadOnlyList<IReadOnlyList<Outcome>> byHorizon, int drives, double alpha) =>
        new(Method, alpha, drives, [.. byHorizon.Select(_ => (IReadOnlyList<double>)Edges)], [.. byHorizon.Select(outcomes => (IReadOnlyList<double>)Bounds(outcomes, alpha))]);

    private static double[] Bounds(IReadOnlyList<Outcome> outcomes, double alpha)
    {
        var bounds = new double[Edges.Length + 1];
        var above = 1.0;
        for (var bin = Edges.Length; bin >= 0; bin--)
        {
            var inside = outcomes.Where(outcome => BinOf(outcome.Probability) == bin).ToList();
            var drives = ByWeight(inside);
            if (drives >= LeastDrives)
            {
                var rate = inside.Count(outcome => outcome.Hit) / (double)inside.Count;
                above = ClopperPearson.Upper(rate * drives, drives, alpha);
            }

            bounds[bin] = above;
        }

        for (var bin = 1; bin < bounds.Length; bin++)
        {
            bounds[bin] = Math.Max(bounds[bin], bounds[bin - 1]);
        }

        return [.. bounds.Select(bound => Math.Min(1, Math.Ceiling(bound * 1e5) / 1e5))]; // rounded to the safe side
    }

    private static int ByWeight(List<Outcome> inside)
    {
        var squares = inside.GroupBy(outcome => outcome.Drive).Sum(drive => Math.Pow(drive.Count(), 2));
        return inside.Count == 0 ? 0 : (int)((Math.Pow(inside.Count, 2) / squares) + 1e-9);
    }

    /// <summary>As <see cref="Pipeline.Risk.RiskCalibration"/> looks it up: an edge belongs to the bin above it.</summary>
    private static int BinOf(double probability)
    {
        var bin = 0;
        while (bin < Edges.Length && probability >= Edges[bin])
        {
            bin++;
        }

        return bin;
    }
}
