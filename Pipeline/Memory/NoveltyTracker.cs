using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Memory;

/// <summary>A scene is new when at least M of the last N ticks, the newest among them, were unlike all that is kept, and known again when none was.</summary>
public sealed class NoveltyTracker(Func<Guid> newId)
{
    private UInt128 _unlike; // a bit a tick, the newest lowest: N is at most 100

    public NoveltyEvent? Standing { get; private set; }

    /// <summary>The event that fell last.</summary>
    public NoveltyEvent? Fallen { get; private set; }

    public AlarmEdge See(Timestamp moment, float similarity, NoveltyCalibration calibration)
    {
        var unlike = similarity < calibration.Similarity;
        _unlike = (_unlike << 1) | (unlike ? UInt128.One : UInt128.Zero);
        var among = (int)UInt128.PopCount(_unlike & ((UInt128.One << calibration.N) - 1));
        if (Standing is null)
        {
            if (!unlike || among < calibration.M)
            {
                return AlarmEdge.None;
            }

            Standing = new NoveltyEvent(newId(), moment) { LeastSimilarity = similarity };
            return AlarmEdge.Rising;
        }

        Standing.LeastSimilarity = Math.Min(Standing.LeastSimilarity, similarity);
        if (among > 0)
        {
            return AlarmEdge.None;
        }

        Fallen = Standing;
        Standing = null;
        _unlike = UInt128.Zero;
        return AlarmEdge.Falling;
    }
}

/// <summary>A new scene from its rising to its falling edge.</summary>
/// <param name="Id">Unique within the session; the same on both edges.</param>
public sealed record NoveltyEvent(Guid Id, Timestamp Risen)
{
    public float LeastSimilarity { get; set; }
}
