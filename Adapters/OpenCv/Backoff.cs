namespace Forecast.Adapters.OpenCv;

/// <summary>Waits that double from the first to the longest, each drawn from 80 to 120 % of its length, so that cameras lost together do not come back together.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private const double Jitter = 0.2;
    private TimeSpan _last;

    public TimeSpan Next()
    {
        var doubled = _last == TimeSpan.Zero ? first : _last * 2;
        _last = doubled < longest ? doubled : longest;
        return _last * (1 - Jitter + (2 * Jitter * random.NextDouble()));
    }

    public void Reset() => _last = TimeSpan.Zero;
}
