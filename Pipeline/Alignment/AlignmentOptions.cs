namespace Forecast.Pipeline.Alignment;

/// <summary>How frames are joined to frame sets.</summary>
public sealed record AlignmentOptions
{
    /// <summary>Time between frame sets; the model's tick, over 0 s.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>How far frames of one set may lie from the set's middle; from 0 s to half the period.</summary>
    public required TimeSpan SkewTolerance { get; init; }

    /// <summary>How long a set waits for a camera after its first frame arrived; from 0 s to the budget. A camera that used it up is not waited for again until it is back.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMilliseconds(30);
}
