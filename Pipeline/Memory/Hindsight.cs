using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// What was forecast for now, against what came: for each horizon the forecast made that long ago is compared with the occupancy read
/// now, and so is the occupancy of then (persistence). Skill = 1 - error / error of persistence, squared errors averaged over about ten
/// seconds. Both are the model's own reading; what it does not see, it does not count.
/// </summary>
public sealed class Hindsight
{
    private const double Forget = 0.01;
    private const int LeastSamples = 10;

    private readonly ModelManifest _manifest;
    private readonly Past[] _ring;
    private readonly double[] _error;
    private readonly double[] _persistenceError;
    private readonly long[] _samples;
    private readonly int _cells;
    private readonly Odometer _odometer;
    private long _count;

    public Hindsight(ModelManifest manifest, EgoMotionTrack motion)
    {
        _manifest = manifest;
        _odometer = new Odometer(motion);
        _cells = manifest.Grid.SizeX * manifest.Grid.SizeY;
        var horizons = manifest.HorizonsS.Count;
        var ticks = (int)Math.Ceiling(manifest.HorizonsS[horizons - 1] / manifest.TickPeriod.TotalSeconds) + 2;
        _ring = new Past[ticks];
        for (var i = 0; i < ticks; i++)
        {
            _ring[i] = new Past(new byte[(1 + horizons) * _cells]);
        }

        _error = new double[horizons];
        _persistenceError = new double[horizons];
        _samples = new long[horizons];
    }

    /// <summary>Compares, writes the forecast's rolling skill (NaN until there are ten comparisons) and keeps what it says for later.</summary>
    public void See(SceneForecast forecast)
    {
        var current = _ring[_count % _ring.Length];
        current.Reference = forecast.Reference;
        current.Place = _odometer.MoveTo(forecast.Reference, forecast.Dispatched);
        ReduceToAny(forecast, current.Any);
        for (var h = 0; h < forecast.Horizons; h++)
        {
            if (MadeBefore(forecast.Reference, _manifest.HorizonsS[h]) is { } past
                && current.Place.Since(past.Place) is { } moved)
            {
                Compare(past, current, h, moved);
            }

            forecast.RollingSkill[h] = _samples[h] < LeastSamples || _persistenceError[h] <= 0 ? float.NaN : (float)(1 - (_error[h] / _persistenceError[h]));
        }

        _count++;
    }

    private Past? MadeBefore(Timestamp reference, double horizonS)
    {
        var half = _manifest.TickPeriod.TotalSeconds / 2;
        for (var i = 1; i < _ring.Length && i <= _count; i++)
        {
            var past = _ring[(_count - i) % _ring.Length];
            if (Math.Abs(reference.SecondsSince(past.Reference) - horizonS) < half)
            {
                return past;
            }
        }

        return null;
    }

    /// <summary>Reads now's occupancy at each cell of then: the ego moved by <paramref name="moved"/> since.</summary>
    private void Compare(Past past, Past current, int h, (float X, float Y, float Yaw) moved)
    {
        var grid = _manifest.Grid;
        var forecast = past.Any.AsSpan((1 + h) * _cells, _cells);
        var persistence = past.Any.AsSpan(0, _cells);
        var (sin, cos) = MathF.SinCos(moved.Yaw);
        long error = 0, persistenceError = 0;
        for (var i = 0; i < grid.SizeX; i++)
        {
            var x = (float)(grid.OriginX + ((i + 0.5) * grid.ResolutionM)) - moved.X;
            for (var j = 0; j < grid.SizeY; j++)
            {
                var y = (float)(grid.OriginY + ((j + 0.5) * grid.ResolutionM)) - moved.Y;
                var row = (int)MathF.Floor((((cos * x) + (sin * y)) - (float)grid.OriginX) / (float)grid.ResolutionM);
                var column = (int)MathF.Floor((((cos * y) - (sin * x)) - (float)grid.OriginY) / (float)grid.ResolutionM);
                if ((uint)row >= (uint)grid.SizeX || (uint)column >= (uint)grid.SizeY)
                {
                    continue;
                }

                var cell = (i * grid.SizeY) + j;
                int came = current.Any[(row * grid.SizeY) + column];
                error += (forecast[cell] - came) * (forecast[cell] - came);
                persistenceError += (persistence[cell] - came) * (persistence[cell] - came);
            }
        }

        _error[h] += Forget * (error - _error[h]);
        _persistenceError[h] += Forget * (persistenceError - _persistenceError[h]);
        _samples[h]++;
    }

    private void ReduceToAny(SceneForecast forecast, byte[] any)
    {
        var classes = _manifest.OccupancyClasses.Count;
        for (var h = 0; h <= forecast.Horizons; h++)
        {
            var layers = forecast.Occupancy.AsSpan(h * classes * _cells, classes * _cells);
            for (var cell = 0; cell < _cells; cell++)
            {
                byte highest = 0;
                for (var c = 0; c < classes; c++)
                {
                    highest = Math.Max(highest, layers[(c * _cells) + cell]);
                }

                any[(h * _cells) + cell] = highest;
            }
        }
    }

    private sealed class Past(byte[] any)
    {
        public Timestamp Reference { get; set; }

        public OdometerPlace Place { get; set; }

        /// <summary>[1 + K, X, Y] occupancy of any class in 255ths, in the ego frame of then.</summary>
        public byte[] Any { get; } = any;
    }
}
