using Forecast.Pipeline.Inference;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// One vehicle's tensors and bindings. All memory is allocated and pinned here, once; a tick allocates nothing on the CPU. The two world
/// states change places with <see cref="Commit"/>: memory reads the committed one and writes the spare one, predictor reads the spare one.
/// </summary>
internal sealed class OnnxWorldRun : IWorldRun
{
    private readonly ModelSessions _sessions;
    private readonly IReadOnlyList<TensorDeclaration> _tensors;
    private readonly Action<string> _log;
    private readonly int _cameras;
    private readonly bool _bindOnce;
    private readonly Dictionary<string, Array> _memory = [];
    private readonly float[][] _states;
    private readonly BoundGraph[] _encoders;    // by the count of pictures, less one
    private readonly BoundGraph[] _recall;      // by which state is the committed one
    private readonly BoundGraph?[][] _imagine;  // the same, then by the count of manoeuvres
    private readonly int _steps;
    private readonly List<IDisposable> _beside = []; // earlier states and candidates
    private int _committed;
    private bool _remembered;
    private bool _disposed;

    /// <param name="bindOnce">See <see cref="BoundGraph"/>: right where the model runs in the memory that holds these tensors.</param>
    public OnnxWorldRun(ModelFolder folder, ModelSessions sessions, int cameras, bool bindOnce, Action<string> log)
    {
        _sessions = sessions;
        _tensors = folder.Tensors;
        _log = log;
        _bindOnce = bindOnce;
        _cameras = cameras;
        _steps = folder.Manifest.HorizonsS.Count;
        var most = folder.Manifest.Candidates.Count;
        var sizes = new AxisSizes(cameras, most);
        foreach (var tensor in _tensors)
        {
            var length = sizes.Length(tensor);
            _memory.TryAdd(tensor.Name, tensor.Type == "uint8" ? GC.AllocateArray<byte>(length, pinned: true) : GC.AllocateArray<float>(length, pinned: true));
        }

        _states = [Floats("state"), Floats("next_state")];
        _encoders = [.. Enumerable.Range(1, cameras).Select(pictures => Bind("encoder", 0, most, pictures))];
        _recall = [Bind("memory", 0, most), Bind("memory", 1, most)];
        _imagine = [new BoundGraph?[most + 1], new BoundGraph?[most + 1]];
        foreach (var rung in folder.Manifest.CostTable)
        {
            Imagination(0, rung.Manoeuvres);
            Imagination(1, rung.Manoeuvres);
        }
    }

    public Span<byte> Images => (byte[])Memory("images");

    public Span<float> Lift => Floats("lift");

    public Span<float> LiftValid => Floats("lift_valid");

    public Span<float> CameraMask => Floats("camera_mask");

    public Span<float> CameraAgeS => Floats("camera_age_s");

    public Span<float> EgoMotion => Floats("ego_motion");

    public Span<float> ElapsedS => Floats("elapsed_s");

    public Span<float> Ego => Floats("ego");

    public Span<float> Footprint => Floats("footprint");

    public Span<float> Manoeuvres => Floats("manoeuvres");

    public ReadOnlySpan<float> EgoEstimate => Floats("ego_estimate");

    public ReadOnlySpan<float> EgoAgreement => _memory.TryGetValue(TensorContract.EgoAgreement, out var agreement) ? (float[])agreement : [];

    public ReadOnlySpan<float> Observed => Floats("observed");

    public ReadOnlySpan<float> Descriptor => Floats("descriptor");

    public ReadOnlySpan<float> Latents => Floats("latents");

    public ReadOnlySpan<float> OccupancyLogits => Floats("occupancy_logits");

    public ReadOnlySpan<float> HazardLogits => Floats("hazard_logits");

    public bool IsInitial { get; private set; } = true;

    /// <summary>The world state that the next <see cref="Remember"/> reads.</summary>
    internal ReadOnlySpan<float> CommittedState => _states[_committed];

    internal float[] FootprintMemory => Floats("footprint");

    public RunStatus Encode()
    {
        _remembered = false;
        return Try("encoder", _encoders[^1]) is var status and not RunStatus.Ok ? status : Judge(Finite.All(Floats("features")));
    }

    public RunStatus EncodeOnly(ReadOnlySpan<int> cameras)
    {
        _remembered = false;
        var images = Images;
        var features = Floats("features").AsSpan();
        var picture = images.Length / _cameras;
        var feature = features.Length / _cameras;
        for (var place = 0; place < cameras.Length; place++)
        {
            images.Slice(cameras[place] * picture, picture).CopyTo(images.Slice(place * picture, picture));
        }

        if (Try("encoder", _encoders[cameras.Length - 1]) is var status and not RunStatus.Ok)
        {
            return status;
        }

        // Back to the cameras' places, from the last; what the others' hold is masked, but must be finite for that.
        var finite = Finite.All(features[..(cameras.Length * feature)]);
        var next = cameras.Length - 1;
        for (var camera = _cameras - 1; camera >= 0; camera--)
        {
            var target = features.Slice(camera * feature, feature);
            if (next >= 0 && cameras[next] == camera)
            {
                features.Slice(next-- * feature, feature).CopyTo(target);
            }
            else
            {
                target.Clear();
            }
        }

        return Judge(finite);
    }

    public RunStatus Remember()
    {
        _remembered = false;
        if (Try("memory", _recall[_committed]) is var status and not RunStatus.Ok)
        {
            return status;
        }

        _remembered = Finite.All(_states[1 - _committed]) && Finite.All(Observed) && Finite.All(Descriptor) && Finite.All(EgoEstimate) && Finite.All(EgoAgreement);
        return Judge(_remembered);
    }

    public RunStatus Imagine(int manoeuvres)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(manoeuvres, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(manoeuvres, _imagine[0].Length - 1);
        if (!_remembered)
        {
            throw new InvalidOperationException("There is no new state to imagine from: Remember has not succeeded since the last Encode, Commit or Reset.");
        }

        _remembered = false;
        if (Try("predictor", Imagination(_committed, manoeuvres)) is var status and not RunStatus.Ok)
        {
            return status;
        }

        _remembered = Finite.All(Latents) && Finite.All(OccupancyLogits) && Finite.All(HazardLogits[..(manoeuvres * _steps)]);
        return Judge(_remembered);
    }

    /// <exception cref="InvalidOperationException">The last step of this tick did not succeed: its state must not be kept.</exception>
    public void Commit()
    {
        if (!_remembered)
        {
            throw new InvalidOperationException("There is no sound new state to commit: a step failed or was not finite, or Remember has not run.");
        }

        _committed = 1 - _committed;
        _remembered = false;
        IsInitial = false;
    }

    public void Reset()
    {
        // Both: a spare state that holds NaN must not outlive the reset in any graph that reads what it is about to write.
        Array.Clear(_states[0]);
        Array.Clear(_states[1]);
        _remembered = false;
        IsInitial = true;
    }

    public IPastStates KeepPast(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ObjectDisposedException.ThrowIf(_disposed || _sessions["predictor"] is null, this);
        var past = new OnnxPastStates(this, _sessions["predictor"]!, [.. _tensors.Where(tensor => tensor.Graph == "predictor")], slots, _bindOnce, _log);
        _beside.Add(past);
        return past;
    }

    public ICandidates KeepCandidates()
    {
        ObjectDisposedException.ThrowIf(_disposed || _sessions["predictor"] is null, this);
        var candidates = new OnnxCandidates(this, _sessions["predictor"]!, [.. _tensors.Where(tensor => tensor.Graph == "predictor")], _steps, _bindOnce, _log);
        _beside.Add(candidates);
        return candidates;
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _beside.ForEach(part => part.Dispose());
        foreach (var graph in (ReadOnlySpan<BoundGraph?>)[.. _encoders, .. _recall, .. _imagine[0], .. _imagine[1]])
        {
            graph?.Dispose();
        }
    }

    private static RunStatus Judge(bool finite) => finite ? RunStatus.Ok : RunStatus.NotFinite;

    private RunStatus Try(string graph, BoundGraph bound)
    {
        ObjectDisposedException.ThrowIf(_disposed || _sessions[graph] is null, this);
        try
        {
            bound.Run();
            return RunStatus.Ok;
        }
        catch (OnnxRuntimeException e)
        {
            _log($"{graph} failed: {ModelSessions.OneLine(e)}");
            return RunStatus.Failed;
        }
    }

    /// <summary>Made on the first use of a count that is no rung of the manifest's cost table.</summary>
    private BoundGraph Imagination(int committed, int manoeuvres) =>
        _imagine[committed][manoeuvres] ??= Bind("predictor", committed, manoeuvres);

    private BoundGraph Bind(string graph, int committed, int manoeuvres, int? pictures = null)
    {
        var own = new List<TensorDeclaration>();
        foreach (var tensor in _tensors)
        {
            if (tensor.Graph == graph)
            {
                own.Add(tensor);
            }
        }

        var session = _sessions[graph] ?? throw new ObjectDisposedException(nameof(OnnxWorldModel));
        return new BoundGraph(session, own, new AxisSizes(pictures ?? _cameras, manoeuvres), Place, _bindOnce);

        Array Place(TensorDeclaration tensor) => (tensor.Graph, tensor.Name) switch
        {
            ("memory", "state") => _states[committed],
            ("memory", "next_state") or ("predictor", "state") => _states[1 - committed],
            _ => _memory[tensor.Name],
        };
    }

    private Array Memory(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _memory[name];
    }

    private float[] Floats(string name) => (float[])Memory(name);
}
