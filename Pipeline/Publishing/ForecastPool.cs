namespace Forecast.Pipeline.Publishing;

/// <summary>A fixed number of forecasts, used again and again. Safe from any thread.</summary>
public sealed class ForecastPool
{
    private readonly SceneForecast?[] _free;
    private readonly Lock _gate = new();
    private int _count;

    public ForecastPool(int capacity, Func<SceneForecast> create)
    {
        _free = new SceneForecast?[capacity];
        for (var i = 0; i < capacity; i++)
        {
            _free[i] = create();
        }

        _count = capacity;
    }

    /// <summary>Null when all are under way.</summary>
    public SceneForecast? TryRent()
    {
        lock (_gate)
        {
            return _count == 0 ? null : _free[--_count];
        }
    }

    public void Return(SceneForecast forecast)
    {
        lock (_gate)
        {
            _free[_count++] = forecast;
        }
    }
}
