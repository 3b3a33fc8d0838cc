namespace Forecast.Pipeline.Inference;

/// <summary>
/// The learned part: encode, remember, imagine. One thread at a time calls it. Nothing is allocated in a run.
/// </summary>
public interface IWorldModel : IDisposable
{
    ModelManifest Manifest { get; }

    /// <summary>Which execution provider is live, for example "cpu" or "cuda:0"; never a wish.</summary>
    string Provider { get; }

    /// <summary>Buffers for one vehicle's rig of <paramref name="cameras"/> cameras, bound once.</summary>
    IWorldRun CreateRun(int cameras);
}

/// <summary>
/// One vehicle's run: its input tensors, its two world states, its outputs. The spans point into bound memory and stay where they are.
/// Order of a tick: fill the input, <see cref="Encode"/>, <see cref="Remember"/>, <see cref="Imagine"/> (or not, when shed), then
/// <see cref="Commit"/>, or nothing, and the old state stays.
/// </summary>
public interface IWorldRun : IDisposable
{
    /// <summary>uint8 [C, H, W, 3], BGR.</summary>
    Span<byte> Images { get; }

    /// <summary>float [C, Z, X, Y, 2], normalised picture coordinates of each cell at each height; written once for a rig.</summary>
    Span<float> Lift { get; }

    /// <summary>float [C, Z, X, Y], 1 where the camera sees the point.</summary>
    Span<float> LiftValid { get; }

    /// <summary>float [C], 1 where the camera's picture is used.</summary>
    Span<float> CameraMask { get; }

    /// <summary>float [C], seconds from the camera's capture time to the reference time.</summary>
    Span<float> CameraAgeS { get; }

    /// <summary>float [6]: dx, dy (m), dyaw (rad) since the committed state, in its frame; speed, yaw rate; known (0 or 1).</summary>
    Span<float> EgoMotion { get; }

    /// <summary>float [1], seconds since the committed state.</summary>
    Span<float> ElapsedS { get; }

    /// <summary>float [3] for the predictor: speed, yaw rate, acceleration; measured, else the estimate.</summary>
    Span<float> Ego { get; }

    /// <summary>float [3]: length, width, rear overhang, metres.</summary>
    Span<float> Footprint { get; }

    /// <summary>float [A, K, 2]: acceleration, curvature; number 0 is the intended one.</summary>
    Span<float> Manoeuvres { get; }

    /// <summary>float [3]: the model's own speed, yaw rate and acceleration, after <see cref="Remember"/>.</summary>
    ReadOnlySpan<float> EgoEstimate { get; }

    /// <summary>[1] ln of how likely the pictures find the logged speed, over the speed they find likeliest; 0 without a log or a view of the road. Empty where the model does not say.</summary>
    ReadOnlySpan<float> EgoAgreement { get; }

    /// <summary>float [D, X', Y'], after <see cref="Remember"/>.</summary>
    ReadOnlySpan<float> Observed { get; }

    /// <summary>float [E], after <see cref="Remember"/>.</summary>
    ReadOnlySpan<float> Descriptor { get; }

    /// <summary>float [K, D, X', Y'] for manoeuvre 0, after <see cref="Imagine"/>.</summary>
    ReadOnlySpan<float> Latents { get; }

    /// <summary>float [1 + K, classes, X, Y]; index 0 is now, all in the ego frame of now.</summary>
    ReadOnlySpan<float> OccupancyLogits { get; }

    /// <summary>float [A, K], the first manoeuvres of the last <see cref="Imagine"/>.</summary>
    ReadOnlySpan<float> HazardLogits { get; }

    /// <summary>True until the first commit after a start or a <see cref="Reset"/>.</summary>
    bool IsInitial { get; }

    RunStatus Encode();

    /// <summary>
    /// As <see cref="Encode"/>, of these cameras alone and in a batch of as many, which costs less. The other cameras' mask must be 0; every picture may have
    /// changed its place afterwards.
    /// </summary>
    /// <param name="cameras">At least one, ascending.</param>
    RunStatus EncodeOnly(ReadOnlySpan<int> cameras);

    /// <summary>Reads the committed state, writes the spare one. Not finite anywhere: <see cref="RunStatus.NotFinite"/>.</summary>
    RunStatus Remember();

    /// <summary>Imagines the first <paramref name="manoeuvres"/> of <see cref="Manoeuvres"/> from the spare state that <see cref="Remember"/> has just written.</summary>
    RunStatus Imagine(int manoeuvres);

    /// <summary>The spare state becomes the committed one.</summary>
    void Commit();

    /// <summary>Back to the manifest's initial state.</summary>
    void Reset();

    /// <summary>Room for copies of earlier states, allocated here, once.</summary>
    IPastStates KeepPast(int slots);

    /// <summary>Room for manoeuvres that somebody asks about, up to <see cref="WhatIf.PlanRequest.MostCandidates"/>, allocated here, once.</summary>
    ICandidates KeepCandidates();
}

public enum RunStatus
{
    Ok,

    /// <summary>An output, or the new state, is not finite: it must not be used or committed.</summary>
    NotFinite,

    /// <summary>The runtime refused or broke.</summary>
    Failed,
}
