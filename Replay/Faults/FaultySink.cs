using Forecast.Pipeline.Publishing;

namespace Forecast.Replay.Faults;

/// <summary>A sink that goes wrong on purpose; slow where it hurts most, between the publisher's look at the deadline and the encoding.</summary>
internal sealed class FaultySink(IForecastSink sink, FaultSchedule schedule) : IForecastSink
{
    public string Name => sink.Name;

    public SinkResult Publish(SceneForecast forecast)
    {
        schedule.BeSlow();
        return schedule.Holds(FaultKind.Busy) ? SinkResult.Busy
            : schedule.Holds(FaultKind.Away) ? SinkResult.Away
            : sink.Publish(forecast);
    }

    public bool Flush(TimeSpan limit) => sink.Flush(limit);

    /// <summary>Of the sink that was given: whoever made it may still need it.</summary>
    public void Dispose() => sink.Dispose();
}
