namespace Forecast.Pipeline.Inference;

/// <summary>
/// Manoeuvres that somebody asks about, imagined from a run's committed state beside its own tick: inputs and outputs of their own, so that what the
/// run has said stays as it is. Lives as long as its run, and is used by its thread alone between two ticks. Nothing is allocated in use.
/// </summary>
public interface ICandidates
{
    /// <summary>How many are imagined in one batch, ascending: a smaller number is filled up to the next of these.</summary>
    ReadOnlySpan<int> Batches { get; }

    /// <summary>float [3]: speed, yaw rate, acceleration at the committed state's reference time.</summary>
    Span<float> Ego { get; }

    /// <summary>float [A, K, 2]: acceleration, curvature; A is the greatest of <see cref="Batches"/>.</summary>
    Span<float> Controls { get; }

    /// <summary>float [A, K], after <see cref="Imagine"/>.</summary>
    ReadOnlySpan<float> HazardLogits { get; }

    /// <summary>Predicts the first rows of <see cref="Controls"/>, in the place of <paramref name="batch"/> in <see cref="Batches"/>, from the committed state. Does not touch the run's own outputs.</summary>
    RunStatus Imagine(int batch);
}
