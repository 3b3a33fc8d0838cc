using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Scheduling;

/// <summary>What publishing one forecast took, from judged to handed over, on its way back to the cost table.</summary>
public readonly record struct Delivery(TimeSpan Took, bool OfProbe)
{
    public static Delivery Of(SceneForecast forecast) => new(forecast.HandedOver - forecast.Judged, forecast.IsProbe);
}
