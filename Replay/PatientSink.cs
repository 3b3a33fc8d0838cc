using Forecast.Pipeline.Publishing;

namespace Forecast.Replay;

/// <summary>
/// In lock-step nothing may be dropped because a sink is slow: waits until it has room, and offers the forecast again. The drive's clock
/// stands still meanwhile.
/// </summary>
public sealed class PatientSink(IForecastSink inner) : IForecastSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public string Name => inner.Name;

    public SinkResult Publish(SceneForecast forecast)
    {
        inner.Flush(Patience);
        return inner.Publish(forecast);
    }

    public bool Flush(TimeSpan limit) => inner.Flush(limit);

    public void Dispose() => inner.Dispose();
}
