namespace Forecast.Replay.Calibration;

/// <summary>The exact upper limit of a rate (Clopper and Pearson, 1934), which holds at any number of trials.</summary>
public static class ClopperPearson
{
    /// <summary>The rate p at which seeing so few hits among the trials has probability alpha: the 1 - alpha quantile of Beta(hits + 1, trials - hits).</summary>
    /// <param name="hits">0 to <paramref name="trials"/>; need not be whole, where trials are clusters.</param>
    public static double Upper(double hits, int trials, double alpha)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, trials);
        var misses = trials - hits;
        if (misses < 1e-9)
        {
            return 1;
        }

        double low = 0, high = 1;
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (BetaShare(hits + 1, misses, middle) < 1 - alpha)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }

    /// <summary>The regularised incomplete beta function I_x(a, b).</summary>
    internal static double BetaShare(double a, double b, double x)
    {
        if (x <= 0)
        {
            return 0;
        }

        if (x >= 1)
        {
            return 1;
        }

        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x)));
        return x < (a + 1) / (a + b + 2) ? front * Fraction(a, b, x) / a : 1 - (front * Fraction(b, a, 1 - x) / b);
    }

    /// <summary>The continued fraction of the incomplete beta function, by Lentz's method.</summary>
    private static double Fraction(double a, double b, double x)
    {
        const double Tiny = 1e-300;
        double c = 1, d = 1 - ((a + b) * x / (a + 1));
        d = 1 / (Math.Abs(d) < Tiny ? Tiny : d);
        var result = d;
        for (var m = 1; m <= 500; m++)
        {
            var even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            var odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = Inverse(1 + (even * d));
            c = NotZero(1 + (even / c));
            result *= d * c;
            d = Inverse(1 + (odd * d));
            c = NotZero(1 + (odd / c));
            result *= d * c;
            if (Math.Abs((d * c) - 1) < 1e-14)
            {
                break;
            }
        }

        return result;

        static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
        static double Inverse(double value) => 1 / NotZero(value);
    }

    /// <summary>By Stirling's series, after raising the argument to ten.</summary>
    private static double LogGamma(double x)
    {
        var shift = 0.0;
        for (; x < 10; x++)
        {
            shift -= Math.Log(x);
        }

        var inverse = 1 / (x * x);
        return shift + ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI))
            + ((1 / 12.0) - (inverse * ((1 / 360.0) - (inverse * ((1 / 1260.0) - (inverse / 1680.0)))))) / x;
    }
}
