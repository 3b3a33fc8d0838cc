using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Memory;

/// <summary>How far a latent map is from the one that came, cell by cell, held against what is usual there. Training computes the same (Training/model/latents.py).</summary>
internal static class SurpriseStatistic
{
    /// <summary>Below the logarithm, so that a perfect forecast has one.</summary>
    private const double LeastError = 1e-6;

    /// <summary>Fewer cells, and a comparison says nothing of the scene: a sixteenth of the map.</summary>
    private const int LeastShare = 16;

    /// <summary>
    /// Error: the mean squared error over the cells compared. Value: the mean of z (<see cref="SurpriseNorm"/>) over all of them, or over the
    /// <paramref name="worst"/> highest. Both NaN where too few cells are compared.
    /// </summary>
    /// <param name="forecast">[D, cells].</param>
    /// <param name="came">[D, cells].</param>
    /// <param name="compared">[cells].</param>
    public static (double Error, double Value) Of(ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, ReadOnlySpan<bool> compared, SurpriseNorm norm, int? worst) =>
        Of(forecast, came, default, compared, norm, worst);

    /// <summary>The same of an abrupt statistic, where there is an error of the tick before: z is of the change since.</summary>
    /// <param name="before">[D, cells] forecast - observed of the tick before; empty: the error itself is meant.</param>
    public static (double Error, double Value) Of(
        ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, ReadOnlySpan<float> before, ReadOnlySpan<bool> compared, SurpriseNorm norm, int? worst)
    {
        var means = norm.CellMean.Span;
        var spreads = norm.CellSpread.Span;
        var kept = Math.Min(worst ?? 0, SurpriseCalibration.MostWorstCells);
        Span<double> highest = stackalloc double[kept];
        var whitening = norm.Whitening.Span;
        Span<double> change = stackalloc double[whitening.IsEmpty ? 0 : came.Length / compared.Length];
        double sum = 0, sumZ = 0;
        var count = 0;
        for (var cell = 0; cell < compared.Length; cell++)
        {
            if (!compared[cell])
            {
                continue;
            }

            var error = ErrorAt(forecast, came, cell, compared.Length);
            var odd = before.IsEmpty ? Math.Log(error + LeastError)
                : whitening.IsEmpty ? ChangeAt(forecast, came, before, cell, compared.Length)
                : WhitenedChangeAt(forecast, came, before, cell, compared.Length, whitening, change);
            var z = (odd - means[cell]) / spreads[cell];
            sum += error;
            sumZ += z;
            Keep(highest[..Math.Min(kept, count + 1)], z, full: count >= kept);
            count++;
        }

        if (count == 0 || count * LeastShare < compared.Length)
        {
            return (double.NaN, double.NaN);
        }

        return (sum / count, worst is null ? sumZ / count : Mean(highest[..Math.Min(kept, count)]));
    }

    private static double ErrorAt(ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, int cell, int cells)
    {
        double sum = 0;
        for (var i = cell; i < came.Length; i += cells)
        {
            double off = forecast[i] - came[i];
            sum += off * off;
        }

        return sum * cells / came.Length;
    }

    private static double ChangeAt(ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, ReadOnlySpan<float> before, int cell, int cells)
    {
        double sum = 0;
        for (var i = cell; i < came.Length; i += cells)
        {
            double change = forecast[i] - came[i] - before[i];
            sum += change * change;
        }

        return sum * cells / came.Length;
    }

    /// <param name="change">Room for D numbers.</param>
    private static double WhitenedChangeAt(
        ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, ReadOnlySpan<float> before, int cell, int cells, ReadOnlySpan<float> whitening, Span<double> change)
    {
        var channels = came.Length / cells;
        for (var channel = 0; channel < channels; channel++)
        {
            var i = (channel * cells) + cell;
            change[channel] = forecast[i] - came[i] - before[i];
        }

        double sum = 0;
        for (var row = 0; row < channels; row++)
        {
            double along = 0;
            for (var column = 0; column < channels; column++)
            {
                along += whitening[(row * channels) + column] * change[column];
            }

            sum += along * along;
        }

        return sum / channels;
    }

    /// <summary>Into the highest so far, from high to low; the last place is free, or holds the lowest, which may go.</summary>
    private static void Keep(Span<double> highest, double z, bool full)
    {
        var place = highest.Length - 1;
        if (place < 0 || (full && z <= highest[place]))
        {
            return;
        }

        while (place > 0 && highest[place - 1] < z)
        {
            highest[place] = highest[place - 1];
            place--;
        }

        highest[place] = z;
    }

    private static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }
}
