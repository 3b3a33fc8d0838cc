using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Faults;

/// <summary>A world model's run that goes wrong on purpose, before its first graph; but for what is not a number, which the memory gets to read.</summary>
internal sealed class FaultyWorldRun(IWorldRun run, FaultSchedule schedule) : IWorldRun
{
    public Span<byte> Images => run.Images;

    public Span<float> Lift => run.Lift;

    public Span<float> LiftValid => run.LiftValid;

    public Span<float> CameraMask => run.CameraMask;

    public Span<float> CameraAgeS => run.CameraAgeS;

    public Span<float> EgoMotion => run.EgoMotion;

    public Span<float> ElapsedS => run.ElapsedS;

    public Span<float> Ego => run.Ego;

    public Span<float> Footprint => run.Footprint;

    public Span<float> Manoeuvres => run.Manoeuvres;

    public ReadOnlySpan<float> EgoEstimate => run.EgoEstimate;

    public ReadOnlySpan<float> EgoAgreement => run.EgoAgreement;

    public ReadOnlySpan<float> Observed => run.Observed;

    public ReadOnlySpan<float> Descriptor => run.Descriptor;

    public ReadOnlySpan<float> Latents => run.Latents;

    public ReadOnlySpan<float> OccupancyLogits => run.OccupancyLogits;

    public ReadOnlySpan<float> HazardLogits => run.HazardLogits;

    public bool IsInitial => run.IsInitial;

    public RunStatus Encode() => GoesWrong() ?? run.Encode();

    public RunStatus EncodeOnly(ReadOnlySpan<int> cameras) => GoesWrong() ?? run.EncodeOnly(cameras);

    public RunStatus Remember()
    {
        if (schedule.Holds(FaultKind.Nan))
        {
            run.EgoMotion.Fill(float.NaN); // written anew for every tick
        }

        return run.Remember();
    }

    public RunStatus Imagine(int manoeuvres) => run.Imagine(manoeuvres);

    public void Commit() => run.Commit();

    public void Reset() => run.Reset();

    public IPastStates KeepPast(int slots) => run.KeepPast(slots);

    public ICandidates KeepCandidates() => run.KeepCandidates();

    public void Dispose() => run.Dispose();

    /// <summary>What the run comes to before its first graph; null where nothing keeps it from running.</summary>
    private RunStatus? GoesWrong()
    {
        schedule.Hang();
        schedule.BeSlow();
        if (schedule.Holds(FaultKind.Crashed))
        {
            throw new InvalidOperationException("injected: the model broke");
        }

        return schedule.Holds(FaultKind.Failed) ? RunStatus.Failed : null;
    }
}
