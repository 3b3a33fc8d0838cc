using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.WhatIf;

internal static class EnvelopeCopy
{
    /// <summary>Takes over what another forecast says of its frame set, its motion and how far it is to be trusted; not what it says will happen.</summary>
    public static void CopyEnvelopeOf(this SceneForecast target, SceneForecast source)
    {
        target.Tick = source.Tick;
        target.CaptureFirst = source.CaptureFirst;
        target.CaptureLast = source.CaptureLast;
        target.Reference = source.Reference;
        target.Deadline = source.Deadline;
        target.Dispatched = source.Dispatched;
        target.ValidUntil = source.ValidUntil;
        target.Validity = source.Validity;
        target.Reasons = source.Reasons;
        target.NewestEgoStamp = source.NewestEgoStamp;
        target.EgoHeld = source.EgoHeld;
        target.EgoOrigin = source.EgoOrigin;
        target.Given = source.Given;
        target.Speed = source.Speed;
        target.YawRate = source.YawRate;
        target.Acceleration = source.Acceleration;
        target.Guarantee = source.Guarantee;
        source.Cameras.CopyTo(target.Cameras, 0);
    }
}
