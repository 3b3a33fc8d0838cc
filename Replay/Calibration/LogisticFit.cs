using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Calibration;

/// <summary>The scale and bias of a logit that make its probabilities mean what they say.</summary>
public static class LogisticFit
{
    /// <summary>A pull towards scale 1, which decides only where the data do not. Training's own.</summary>
    private const double Pull = 1e-4;

    /// <summary>Below, the model's order would all but be lost; training's own bound.</summary>
    public const double LeastScale = 0.1;

    private const int MostSteps = 100;

    /// <summary>
    /// Least weighted log loss of sigmoid(scale x logit + bias), by Newton's method; it is convex, so there is one answer.
    /// </summary>
    /// <param name="hit">1 where it came true, else 0.</param>
    /// <exception cref="ArgumentException">There is no hit, or no miss: no probability strictly between would be best.</exception>
    public static LogitScaling Fit(double horizonS, ReadOnlySpan<double> logit, ReadOnlySpan<bool> hit, ReadOnlySpan<double> weight)
    {
        if (hit.IndexOf(true) < 0 || hit.IndexOf(false) < 0)
        {
            throw new ArgumentException("A scaling needs both hits and misses.", nameof(hit));
        }

        double scale = 1, bias = 0;
        var cost = Cost(scale, bias, logit, hit, weight);
        for (var step = 0; step < MostSteps; step++)
        {
            var (byScale, byBias) = NewtonStep(scale, bias, logit, hit, weight);
            var share = 1.0;
            var (nextScale, nextBias) = (Math.Max(LeastScale, scale - byScale), bias - byBias);
            var next = Cost(nextScale, nextBias, logit, hit, weight);
            while (next > cost && share > 1e-6)
            {
                share /= 2;
                (nextScale, nextBias) = (Math.Max(LeastScale, scale - (share * byScale)), bias - (share * byBias));
                next = Cost(nextScale, nextBias, logit, hit, weight);
            }

            var moved = Math.Abs(nextScale - scale) + Math.Abs(nextBias - bias);
            if (next <= cost)
            {
                (scale, bias, cost) = (nextScale, nextBias, next);
            }

            if (moved < 1e-9 || share <= 1e-6)
            {
                break;
            }
        }

        return new LogitScaling(horizonS, Math.Round(scale, 6), Math.Round(bias, 6));
    }

    private static (double ByScale, double ByBias) NewtonStep(double scale, double bias, ReadOnlySpan<double> logit, ReadOnlySpan<bool> hit, ReadOnlySpan<double> weight)
    {
        double total = 0, g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
        for (var i = 0; i < logit.Length; i++)
        {
            var x = logit[i];
            var p = Sigmoid((scale * x) + bias);
            var off = weight[i] * (p - (hit[i] ? 1 : 0));
            var curve = weight[i] * p * (1 - p);
            total += weight[i];
            g0 += off * x;
            g1 += off;
            h00 += curve * x * x;
            h01 += curve * x;
            h11 += curve;
        }

        g0 = (g0 / total) + (2 * Pull * (scale - 1));
        g1 /= total;
        (h00, h01, h11) = ((h00 / total) + (2 * Pull), h01 / total, (h11 / total) + 1e-12);
        if (scale <= LeastScale && g0 > 0)
        {
            return (0, g1 / h11); // held at the bound: the bias alone
        }

        var determinant = (h00 * h11) - (h01 * h01);
        return determinant > 1e-18
            ? (((h11 * g0) - (h01 * g1)) / determinant, ((h00 * g1) - (h01 * g0)) / determinant)
            : (g0 / (h00 + 1e-6), g1 / (h11 + 1e-6));
    }

    private static double Cost(double scale, double bias, ReadOnlySpan<double> logit, ReadOnlySpan<bool> hit, ReadOnlySpan<double> weight)
    {
        double sum = 0, total = 0;
        for (var i = 0; i < logit.Length; i++)
        {
            var z = (scale * logit[i]) + bias;
            sum += weight[i] * (Math.Max(z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z))) - (hit[i] ? z : 0));
            total += weight[i];
        }

        return (sum / total) + (Pull * (scale - 1) * (scale - 1));
    }

    internal static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));
}
