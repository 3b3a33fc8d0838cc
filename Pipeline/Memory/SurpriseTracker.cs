using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// From scores to surprise: risen when at least M of the last N looks reached the threshold, the newest one among them; fallen when none of the
/// last N did, or when there was no look for so long that the last one says nothing any more.
/// </summary>
public sealed class SurpriseTracker(Func<Guid> newId)
{
    /// <summary>Three times the furthest look back.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(3);

    private UInt128 _high; // a bit a look, the newest lowest: N is at most 100

    public SurpriseEvent? Standing { get; private set; }

    /// <summary>The event that fell last.</summary>
    public SurpriseEvent? Fallen { get; private set; }

    public AlarmEdge See(Timestamp moment, float score, SurpriseCalibration calibration)
    {
        var high = score >= calibration.Threshold;
        _high = (_high << 1) | (high ? UInt128.One : UInt128.Zero);
        var among = (int)UInt128.PopCount(_high & ((UInt128.One << calibration.N) - 1));
        if (Standing is null)
        {
            if (!high || among < calibration.M)
            {
                return AlarmEdge.None;
            }

            Standing = new SurpriseEvent(newId(), moment) { PeakScore = score };
            return AlarmEdge.Rising;
        }

        Standing.PeakScore = Math.Max(Standing.PeakScore, score);
        return among > 0 ? AlarmEdge.None : Fall();
    }

    /// <summary>No look has been possible since <paramref name="last"/>: too long ago, or on a clock that has gone back since, and what stands falls.</summary>
    public AlarmEdge Miss(Timestamp moment, Timestamp last)
    {
        if (moment > last && moment - last <= SilenceLimit)
        {
            return AlarmEdge.None;
        }

        if (Standing is not null)
        {
            return Fall();
        }

        _high = UInt128.Zero; // looks of before are no part of the last N
        return AlarmEdge.None;
    }

    private AlarmEdge Fall()
    {
        Fallen = Standing;
        Standing = null;
        _high = UInt128.Zero;
        return AlarmEdge.Falling;
    }
}

/// <summary>From its rising to its falling edge.</summary>
/// <param name="Id">Unique within the session; the same on both edges.</param>
/// <param name="Risen">The reference time of the look at which it rose.</param>
public sealed record SurpriseEvent(Guid Id, Timestamp Risen)
{
    public float PeakScore { get; set; }
}
