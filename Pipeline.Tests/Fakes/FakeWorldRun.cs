using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>A world run whose answers a test writes: hazard logits, statuses, the ego estimate. Remembers what it was told to do.</summary>
internal sealed class FakeWorldRun : IWorldRun
{
    private readonly byte[] _images;
    private readonly float[] _lift;
    private readonly float[] _liftValid;
    private readonly float[] _mask;
    private readonly float[] _age;
    private readonly float[] _egoMotion = new float[6];
    private readonly float[] _elapsed = new float[1];
    private readonly float[] _ego = new float[3];
    private readonly float[] _footprint = new float[3];
    private readonly float[] _manoeuvres = new float[16 * 5 * 2];
    private readonly float[] _latents = new float[5 * 2 * 24 * 16];

    public FakeWorldRun(ModelManifest manifest, int cameras)
    {
        var cells = manifest.Grid.SizeX * manifest.Grid.SizeY;
        _images = new byte[cameras * manifest.InputHeightPx * manifest.InputWidthPx * 3];
        _lift = new float[cameras * manifest.LiftHeightsM.Count * cells * 2];
        _liftValid = new float[cameras * manifest.LiftHeightsM.Count * cells];
        _mask = new float[cameras];
        _age = new float[cameras];
        Occupancy = new float[6 * 3 * cells];
        Array.Fill(Occupancy, -8);
        Array.Fill(Hazards, -8);
    }

    public float[] Hazards { get; } = new float[16 * 5];

    public float[] Occupancy { get; }

    /// <summary>[2, 24, 16] of the tick to come.</summary>
    public float[] ObservedMap { get; } = new float[2 * 24 * 16];

    /// <summary>[4] of the tick to come.</summary>
    public float[] SceneDescriptor { get; } = [1, 0, 0, 0];

    /// <summary>What has been asked of earlier states; null until somebody asks to keep them.</summary>
    public FakePastStates? Past { get; private set; }

    public float[] Estimate { get; } = [5, 0, 0];

    /// <summary>What the next runs answer, by graph; Ok when empty.</summary>
    public Queue<RunStatus> EncodeAnswers { get; } = new();

    public Queue<RunStatus> RememberAnswers { get; } = new();

    public Queue<RunStatus> ImagineAnswers { get; } = new();

    public int Commits { get; private set; }

    public int Resets { get; private set; }

    public List<int> Imagined { get; } = [];

    public List<float[]> EgoMotions { get; } = [];

    public List<float> Elapsed { get; } = [];

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

    public ReadOnlySpan<float> EgoEstimate => Estimate;

    public float[] Agreement { get; set; } = [];

    public ReadOnlySpan<float> EgoAgreement => Agreement;

    public ReadOnlySpan<float> Observed => ObservedMap;

    public ReadOnlySpan<float> Descriptor => SceneDescriptor;

    public ReadOnlySpan<float> Latents => _latents;

    public ReadOnlySpan<float> OccupancyLogits => Occupancy;

    public ReadOnlySpan<float> HazardLogits => Hazards;

    public bool IsInitial { get; private set; } = true;

    /// <summary>Called with the number of pictures in each batch: moves a test's clock on by what the run takes.</summary>
    public Action<int>? Encoding { get; set; }

    /// <summary>The same with the number of manoeuvres.</summary>
    public Action<int>? Imagining { get; set; }

    public RunStatus Encode()
    {
        Encoding?.Invoke(_mask.Length);
        return EncodeAnswers.TryDequeue(out var answer) ? answer : RunStatus.Ok;
    }

    public RunStatus EncodeOnly(ReadOnlySpan<int> cameras)
    {
        Encoding?.Invoke(cameras.Length);
        return EncodeAnswers.TryDequeue(out var answer) ? answer : RunStatus.Ok;
    }

    public RunStatus Remember()
    {
        EgoMotions.Add([.. _egoMotion]);
        Elapsed.Add(_elapsed[0]);
        return RememberAnswers.TryDequeue(out var answer) ? answer : RunStatus.Ok;
    }

    public RunStatus Imagine(int manoeuvres)
    {
        Imagining?.Invoke(manoeuvres);
        Imagined.Add(manoeuvres);
        return ImagineAnswers.TryDequeue(out var answer) ? answer : RunStatus.Ok;
    }

    public void Commit()
    {
        Commits++;
        IsInitial = false;
    }

    public void Reset()
    {
        Resets++;
        IsInitial = true;
    }

    /// <summary>What was asked of candidates; null until somebody asks to keep them.</summary>
    public FakeCandidates? Candidates { get; private set; }

    public IPastStates KeepPast(int slots) => Past = new FakePastStates(this, slots);

    public ICandidates KeepCandidates() => Candidates = new FakeCandidates();

    public void Dispose()
    {
    }
}
