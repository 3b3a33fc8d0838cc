namespace Forecast.Pipeline.Publishing;

/// <summary>
/// Where forecasts go: MQTT when live, a run file when recorded. Called by the publishing thread only, one forecast at a time; the
/// forecast is borrowed for the call.
/// </summary>
public interface IForecastSink : IDisposable
{
    string Name { get; }

    /// <summary>Takes the forecast or refuses it; never blocks for longer than a write to memory or a socket that is ready.</summary>
    SinkResult Publish(SceneForecast forecast);

    /// <summary>Waits until what was taken has left, at most this long. True when all did.</summary>
    bool Flush(TimeSpan limit);
}

public enum SinkResult
{
    Taken,

    /// <summary>Too much is still under way: the forecast is dropped for this sink (<see cref="Scheduling.DropReason.SinkBusy"/>).</summary>
    Busy,

    /// <summary>There is nobody to hand it to, for example no broker.</summary>
    Away,
}
