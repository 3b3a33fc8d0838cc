namespace Forecast.Pipeline.Inference;

/// <summary>
/// World states of earlier ticks of one run, kept so that they can be imagined from again with what the vehicle really did since. They live
/// as long as their run and are used by its thread alone, between one tick's commit and the next tick. Nothing is allocated in use.
/// </summary>
public interface IPastStates
{
    /// <summary>float [3]: speed, yaw rate, acceleration as they were then.</summary>
    Span<float> Ego { get; }

    /// <summary>float [K, 2]: acceleration, curvature; the one manoeuvre that is imagined.</summary>
    Span<float> Controls { get; }

    /// <summary>float [K, D, X', Y'] in the ego frames of then, after <see cref="Imagine"/>.</summary>
    ReadOnlySpan<float> Latents { get; }

    /// <summary>Copies the committed state into a slot, from 0.</summary>
    void Keep(int slot);

    /// <summary>Predicts from a slot's state. Does not touch the run's own outputs.</summary>
    RunStatus Imagine(int slot);
}
