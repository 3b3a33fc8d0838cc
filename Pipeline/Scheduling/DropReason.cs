namespace Forecast.Pipeline.Scheduling;

/// <summary>Why a frame or a frame set went no further. Every drop has exactly one.</summary>
public enum DropReason
{
    /// <summary>No slot was free when the frame came.</summary>
    PoolEmpty,

    /// <summary>The picture could not be decoded, was cut short, or has another size than the rig says.</summary>
    Damaged,

    /// <summary>The same capture time or the same frame again.</summary>
    Duplicate,

    /// <summary>The time stamp went back.</summary>
    Backward,

    /// <summary>The time stamp jumped further than any gap in the camera's delivery explains.</summary>
    Jumped,

    /// <summary>It came after its frame set had been formed, or fits none.</summary>
    Late,

    /// <summary>A newer frame of the same camera, or a newer frame set, took its place before it was used.</summary>
    Superseded,

    /// <summary>Of a faster source, taken down to the model's tick.</summary>
    Decimated,

    /// <summary>Captured too far from the rest of its frame set.</summary>
    OutOfTolerance,

    /// <summary>The camera shows the same picture again and again while the world moves.</summary>
    Frozen,

    /// <summary>The picture is dark and flat all over.</summary>
    Black,

    /// <summary>It could no longer make its deadline.</summary>
    Stale,

    /// <summary>The model failed on it or gave a value that is not finite.</summary>
    ModelFailed,

    /// <summary>The sink refused it.</summary>
    SinkBusy,

    /// <summary>The sink had nobody to hand it to, for example no broker.</summary>
    SinkAway,

    /// <summary>There was no time for this camera: it is among the rig's least informative.</summary>
    Shed,

    /// <summary>It was under way when the pipeline was told to stop.</summary>
    Shutdown,
}
