using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Publishing;

/// <summary>What the episodic memory says of a scene; a value, but for the text of the nearest scene's drive, which the memory owns.</summary>
/// <param name="Gap">Why there is nothing to say; None where there is.</param>
/// <param name="Similarity">Cosine of the nearest scene kept, -1 to 1.</param>
/// <param name="Kept">Scenes compared.</param>
/// <param name="Alike">Of them, those as like this one as the model's threshold asks; -1 where the model has none.</param>
/// <param name="Events">Of these, the ones that an alarm followed within 3 s.</param>
/// <param name="MeanRiskPeak">Of these, the mean of the greatest risk within 3 s; NaN where there are none.</param>
/// <param name="NearestDrive">The nearest one: its drive, its moment on that drive's clock, and what followed it.</param>
/// <param name="IsNew">True while the scene is new.</param>
public readonly record struct SeenBefore(
    SeenBeforeGap Gap, float Similarity, int Kept, int Alike, int Events, float MeanRiskPeak, string NearestDrive, Timestamp NearestMoment, float NearestRiskPeak, bool NearestEvent, bool IsNew)
{
    public static SeenBefore Nothing(SeenBeforeGap gap, bool isNew) => new(gap, float.NaN, 0, -1, 0, float.NaN, "", default, float.NaN, false, isNew);
}

/// <summary>Why the episodic memory has nothing to say of a scene.</summary>
public enum SeenBeforeGap
{
    None,

    /// <summary>There is no memory: none was configured, or the run must not depend on one.</summary>
    Off,

    WarmingUp,

    /// <summary>Nothing is kept yet, but what has just been seen.</summary>
    NothingKept,

    /// <summary>The model's descriptor of the scene is no direction.</summary>
    NoDescriptor,
}
