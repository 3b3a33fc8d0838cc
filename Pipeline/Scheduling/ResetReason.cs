namespace Forecast.Pipeline.Scheduling;

/// <summary>Why the world state went back to the initial one.</summary>
public enum ResetReason
{
    /// <summary>The clock that the cameras share jumped.</summary>
    ClockJump,

    /// <summary>More time passed since the last committed state than the model was trained to bridge, or none.</summary>
    Gap,

    /// <summary>The ego's motion since the last committed state is none that a vehicle makes.</summary>
    EgoJump,

    /// <summary>The model failed twice in a row.</summary>
    ModelFailed,
}
