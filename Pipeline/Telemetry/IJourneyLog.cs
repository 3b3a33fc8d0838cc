using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// Is told every call that a <see cref="Journey"/> gets, in order: told again in that order, with the same motion, they make the same decisions and forecasts.
/// Called on the journey's thread; must not block, allocate or throw.
/// </summary>
public interface IJourneyLog
{
    /// <summary>The frame is borrowed for the call.</summary>
    void Arrived(in Frame frame);

    void CameraLost(int camera);

    /// <summary>A call of <see cref="Journey.TryTravel"/> is over.</summary>
    /// <param name="rung">Of the forecast's; -1: there is none.</param>
    void Travelled(Timestamp now, Travel outcome, int rung);

    /// <param name="shed">There was no time for the look back.</param>
    void Reflected(Timestamp now, bool shed);

    void Judged(Timestamp now);

    void HandedOver(in Delivery delivery);
}

/// <summary>What came of a call of <see cref="Journey.TryTravel"/>.</summary>
public enum Travel
{
    /// <summary>No frame set was complete, or it was dropped with its reason.</summary>
    Nothing,

    /// <summary>A forecast that the caller publishes.</summary>
    Forecast,

    /// <summary>The set was run and remembered; no forecast was free to take what it says.</summary>
    Unheard,
}
