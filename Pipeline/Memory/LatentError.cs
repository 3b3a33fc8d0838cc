namespace Forecast.Pipeline.Memory;

/// <summary>How far a latent map is from the one that came.</summary>
internal static class LatentError
{
    /// <summary>Smaller, and a comparison says nothing of the scene: a sixteenth of the map.</summary>
    private const int LeastShare = 16;

    private const double LeastError = 1e-12;
    private const double LeastSpread = 1e-9;

    /// <summary>
    /// Mean squared error over some cells, divided by the spread of what came there: its variance about each channel's own mean. 1 is as good
    /// as having forecast that mean. NaN where there are too few cells, or nothing differs from cell to cell.
    /// </summary>
    /// <param name="forecast">[D, cells].</param>
    /// <param name="came">[D, cells].</param>
    public static double Of(ReadOnlySpan<float> forecast, ReadOnlySpan<float> came, ReadOnlySpan<bool> cells)
    {
        var count = 0;
        foreach (var cell in cells)
        {
            count += cell ? 1 : 0;
        }

        if (count < 2 || count * LeastShare < cells.Length)
        {
            return double.NaN;
        }

        double error = 0, spread = 0;
        for (var start = 0; start < came.Length; start += cells.Length)
        {
            double sum = 0, squares = 0;
            for (var cell = 0; cell < cells.Length; cell++)
            {
                if (cells[cell])
                {
                    double value = came[start + cell];
                    var off = forecast[start + cell] - value;
                    error += off * off;
                    sum += value;
                    squares += value * value;
                }
            }

            spread += squares - (sum * sum / count);
        }

        var values = count * (came.Length / (double)cells.Length);
        return spread / values < LeastSpread ? double.NaN : Math.Max(LeastError, error / spread);
    }
}
