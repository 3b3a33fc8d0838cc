using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Telemetry;

/// <summary>Watches frame sets arrive at the end of their journey: metrics, the run's summary, the benchmark. Called by the publishing thread; must not block or allocate.</summary>
public interface IJourneyObserver
{
    /// <summary>The first sink took the forecast at <paramref name="moment"/>; the forecast is borrowed for the call.</summary>
    void Published(SceneForecast forecast, Timestamp moment);
}
