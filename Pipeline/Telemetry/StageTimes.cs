namespace Forecast.Pipeline.Telemetry;

/// <summary>The steps of a frame set's journey that are timed.</summary>
public enum Stage
{
    /// <summary>Decoding, of the slowest camera of the set.</summary>
    Decode,

    /// <summary>Undistort, crop, resize, of the slowest camera of the set.</summary>
    Prepare,

    /// <summary>From the set's last frame being there to the set being formed.</summary>
    Align,

    /// <summary>From formed to dispatched.</summary>
    Admit,

    Encode,
    Remember,
    Imagine,
    Judge,

    /// <summary>From judged to handed over by the last sink.</summary>
    Publish,
}

/// <summary>What each stage of one frame set took, in nanoseconds of the measuring clock; only measured, never decided upon.</summary>
public sealed class StageTimes
{
    public static readonly int Count = Enum.GetValues<Stage>().Length;

    private readonly long[] _nanoseconds = new long[Count];

    public long this[Stage stage]
    {
        get => _nanoseconds[(int)stage];
        set => _nanoseconds[(int)stage] = value;
    }

    /// <summary>Index of the camera whose frame was the last of the set to be ready; -1 when not known.</summary>
    public int LastCamera { get; set; } = -1;

    public void Clear()
    {
        Array.Clear(_nanoseconds);
        LastCamera = -1;
    }
}
