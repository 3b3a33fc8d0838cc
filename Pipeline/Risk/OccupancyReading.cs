using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// Occupancy logits [1 + K, classes, X, Y] to calibrated probabilities in 255ths, and what they say of change and uncertainty. The
/// sigmoid is read from a table of 2,048 logits over [-16, 16]: 46,000 exponentials a tick would cost half a millisecond.
/// </summary>
public sealed class OccupancyReading
{
    private const int TableSize = 2048;
    private const float TableReach = 16f;
    private const int Noticeable = 3; // in 255ths: about 1 %

    private readonly ModelManifest _manifest;
    private readonly byte[] _sigmoid = new byte[TableSize];
    private readonly float[] _entropy = new float[256];
    private readonly byte[] _anyNow;

    public OccupancyReading(ModelManifest manifest)
    {
        _manifest = manifest;
        _anyNow = new byte[manifest.Grid.SizeX * manifest.Grid.SizeY];
        for (var i = 0; i < TableSize; i++)
        {
            _sigmoid[i] = (byte)Math.Round(255 * RiskCalibration.Sigmoid(((i + 0.5) / TableSize * 2 * TableReach) - TableReach));
        }

        for (var i = 1; i < 255; i++)
        {
            var p = i / 255.0;
            _entropy[i] = (float)-((p * Math.Log2(p)) + ((1 - p) * Math.Log2(1 - p)));
        }
    }

    public void Read(ReadOnlySpan<float> logits, SceneForecast forecast)
    {
        var cells = _anyNow.Length;
        var classes = _manifest.OccupancyClasses.Count;
        for (var h = 0; h <= forecast.Horizons; h++)
        {
            var scaling = _manifest.Calibration.Occupancy[h];
            var start = h * classes * cells;
            Quantise(logits.Slice(start, classes * cells), forecast.Occupancy.AsSpan(start, classes * cells), (float)scaling.Scale, (float)scaling.Bias);
        }

        Any(forecast.Occupancy.AsSpan(0, classes * cells), _anyNow);
        for (var h = 1; h <= forecast.Horizons; h++)
        {
            Compare(forecast.Occupancy.AsSpan(h * classes * cells, classes * cells), out forecast.PredictedChange[h - 1], out forecast.Uncertainty[h - 1]);
        }
    }

    private void Quantise(ReadOnlySpan<float> logits, Span<byte> values, float scale, float bias)
    {
        const float PerUnit = TableSize / (2 * TableReach);
        for (var i = 0; i < logits.Length; i++)
        {
            var index = (int)(((logits[i] * scale) + bias + TableReach) * PerUnit);
            values[i] = _sigmoid[Math.Clamp(index, 0, TableSize - 1)];
        }
    }

    private static void Any(ReadOnlySpan<byte> layers, Span<byte> any)
    {
        for (var i = 0; i < any.Length; i++)
        {
            byte highest = 0;
            for (var layer = i; layer < layers.Length; layer += any.Length)
            {
                highest = Math.Max(highest, layers[layer]);
            }

            any[i] = highest;
        }
    }

    private void Compare(ReadOnlySpan<byte> layers, out float change, out float uncertainty)
    {
        var changed = 0;
        var entropy = 0f;
        var noticeable = 0;
        for (var i = 0; i < _anyNow.Length; i++)
        {
            byte then = 0;
            for (var layer = i; layer < layers.Length; layer += _anyNow.Length)
            {
                then = Math.Max(then, layers[layer]);
            }

            changed += Math.Abs(then - _anyNow[i]);
            if (then >= Noticeable || _anyNow[i] >= Noticeable)
            {
                entropy += _entropy[then];
                noticeable++;
            }
        }

        change = changed / (255f * _anyNow.Length);
        uncertainty = noticeable == 0 ? 0 : entropy / noticeable;
    }
}
