using Forecast.Pipeline.Inference;

namespace Forecast.Benchmarks.Peers;

/// <summary>A world that takes so long for each picture and sees nothing: the stage of the overload row, as the peer's is one that sleeps. No batch is cheaper than its pictures.</summary>
public sealed class SleepingWorldRun : IWorldRun
{
    private readonly TimeSpan _each;
    private readonly int _cameras;
    private readonly byte[] _images;
    private readonly float[] _lift;
    private readonly float[] _liftValid;
    private readonly float[] _mask;
    private readonly float[] _age;
    private readonly float[] _egoMotion = new float[6];
    private readonly float[] _elapsed = new float[1];
    private readonly float[] _ego = new float[3];
    private readonly float[] _footprint = new float[3];
    private readonly float[] _estimate = new float[3];
    private readonly float[] _manoeuvres;
    private readonly float[] _observed;
    private readonly float[] _descriptor;
    private readonly float[] _latents;
    private readonly float[] _occupancy;
    private readonly float[] _hazards;

    public SleepingWorldRun(ModelManifest manifest, int cameras, TimeSpan each)
    {
        _each = each;
        _cameras = cameras;
        var cells = manifest.Grid.SizeX * manifest.Grid.SizeY;
        var horizons = manifest.HorizonsS.Count;
        _images = new byte[cameras * manifest.InputHeightPx * manifest.InputWidthPx * 3];
        _lift = new float[cameras * manifest.LiftHeightsM.Count * cells * 2];
        _liftValid = new float[cameras * manifest.LiftHeightsM.Count * cells];
        (_mask, _age) = (new float[cameras], new float[cameras]);
        _manoeuvres = new float[manifest.Candidates.Count * horizons * 2];
        _observed = new float[manifest.Shapes.Observed.Aggregate(1, (all, size) => all * size)];
        _latents = new float[horizons * _observed.Length];
        _descriptor = new float[manifest.Shapes.Descriptor];
        _occupancy = new float[(1 + horizons) * manifest.OccupancyClasses.Count * cells];
        _hazards = new float[manifest.Candidates.Count * horizons];
        Array.Fill(_occupancy, -8);
        Array.Fill(_hazards, -8);
    }

    public Span<byte> Images => _images;

    public Span<float> Lift => _lift;

    public Span<float> LiftValid => _liftValid;

    public Span<float> CameraMask => _mask;

    public Span<float> CameraAgeS => _age;

    public Span<float> EgoMotion => _egoMotion;

    public Span<float> ElapsedS => _elapsed;

    public Span<float> Ego => _ego;

    public Span<float> Footprint => _footprint;

    public Span<float> Manoeuvres => _manoeuvres;

    public ReadOnlySpan<float> EgoEstimate => _estimate;

    public ReadOnlySpan<float> EgoAgreement => [];

    public ReadOnlySpan<float> Observed => _observed;

    public ReadOnlySpan<float> Descriptor => _descriptor;

    public ReadOnlySpan<float> Latents => _latents;

    public ReadOnlySpan<float> OccupancyLogits => _occupancy;

    public ReadOnlySpan<float> HazardLogits => _hazards;

    public bool IsInitial { get; private set; } = true;

    public RunStatus Encode() => Take(_cameras);

    public RunStatus EncodeOnly(ReadOnlySpan<int> cameras) => Take(cameras.Length);

    public RunStatus Remember() => RunStatus.Ok;

    public RunStatus Imagine(int manoeuvres) => RunStatus.Ok;

    public void Commit() => IsInitial = false;

    public void Reset() => IsInitial = true;

    public IPastStates KeepPast(int slots) => throw new NotSupportedException("nobody looks back in the overload row");

    public ICandidates KeepCandidates() => throw new NotSupportedException("nobody asks in the overload row");

    public void Dispose()
    {
    }

    private RunStatus Take(int pictures)
    {
        Thread.Sleep(_each * pictures);
        return RunStatus.Ok;
    }
}
