namespace Forecast.Replay.Faults;

/// <summary>What is made to go wrong, and when. <see cref="FaultSpec"/> reads it.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Camera">The rig's name of it, or <see cref="EveryCamera"/>; null where no camera is meant.</param>
/// <param name="Value">Seconds, hertz or a share, as the fault wants it; 0 where it wants none.</param>
/// <param name="From">After the cameras were opened.</param>
/// <param name="Until">Null: to the end of the run.</param>
public sealed record Fault(string Text, FaultTarget Target, string? Camera, FaultKind Kind, double Value, TimeSpan From, TimeSpan? Until)
{
    public const string EveryCamera = "*";

    public bool HoldsAt(TimeSpan elapsed) => elapsed >= From && (Until is not { } until || elapsed < until);

    public bool Concerns(string camera) => Target == FaultTarget.Camera && (Camera == EveryCamera || Camera == camera);
}

public enum FaultTarget
{
    Camera,
    Model,
    Sink,
    Clock,
}

public enum FaultKind
{
    /// <summary>Camera: it is lost, frame by frame.</summary>
    Unplugged,

    /// <summary>Camera or model: its call does not return while the fault lasts.</summary>
    Hung,

    /// <summary>Camera or model: its call throws.</summary>
    Crashed,

    /// <summary>Camera: the last picture again and again.</summary>
    Frozen,

    /// <summary>Camera: pictures without light.</summary>
    Black,

    /// <summary>Camera: this share of its pictures is cut short.</summary>
    Half,

    /// <summary>Camera: pictures of another size than the rig's.</summary>
    Size,

    /// <summary>Camera: no more than so many frames a second.</summary>
    Rate,

    /// <summary>Camera: stamps that are this far ahead, or behind.</summary>
    Jump,

    /// <summary>Camera: the same stamp on every frame.</summary>
    Repeat,

    /// <summary>Camera: each stamp before the last one.</summary>
    Back,

    /// <summary>Camera: stamps off by up to this much, either way.</summary>
    Jitter,

    /// <summary>Model or sink: each run, or each forecast, takes this much longer.</summary>
    Slow,

    /// <summary>Model: the runtime refuses every run.</summary>
    Failed,

    /// <summary>Model: inputs that are not numbers, so that its outputs are none either.</summary>
    Nan,

    /// <summary>Sink: it refuses every forecast.</summary>
    Busy,

    /// <summary>Sink: it has nobody to hand a forecast to.</summary>
    Away,

    /// <summary>Clock: the machine's wall clock is set on, or back, by this much.</summary>
    Step,
}
