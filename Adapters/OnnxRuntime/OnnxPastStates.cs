using Forecast.Pipeline.Inference;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// Copies of a run's earlier states, each bound once to the predictor with tensors of their own: one manoeuvre, and outputs that nobody
/// else reads. The vehicle's outline is the run's.
/// </summary>
internal sealed class OnnxPastStates : IPastStates, IDisposable
{
    private readonly OnnxWorldRun _run;
    private readonly Action<string> _log;
    private readonly Dictionary<string, float[]> _memory = [];
    private readonly float[][] _states;
    private readonly BoundGraph[] _imagine;
    private bool _disposed;

    /// <param name="predictor">The tensors of that graph.</param>
    public OnnxPastStates(OnnxWorldRun run, InferenceSession session, IReadOnlyList<TensorDeclaration> predictor, int slots, bool bindOnce, Action<string> log)
    {
        _run = run;
        _log = log;
        var sizes = new AxisSizes(Cameras: 0, Manoeuvres: 1);
        foreach (var tensor in predictor)
        {
            _memory.Add(tensor.Name, tensor.Name is "state" or "footprint" ? [] : GC.AllocateArray<float>(sizes.Length(tensor), pinned: true));
        }

        _states = new float[slots][];
        _imagine = new BoundGraph[slots];
        for (var slot = 0; slot < slots; slot++)
        {
            var state = GC.AllocateArray<float>(run.CommittedState.Length, pinned: true);
            _states[slot] = state;
            _imagine[slot] = new BoundGraph(session, predictor, sizes, tensor => tensor.Name switch { "state" => state, "footprint" => run.FootprintMemory, _ => _memory[tensor.Name] }, bindOnce);
        }
    }

    public Span<float> Ego => _memory["ego"];

    public Span<float> Controls => _memory["manoeuvres"];

    public ReadOnlySpan<float> Latents => _memory["latents"];

    public void Keep(int slot) => _run.CommittedState.CopyTo(_states[slot]);

    public RunStatus Imagine(int slot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            _imagine[slot].Run();
            return Finite.All(Latents) ? RunStatus.Ok : RunStatus.NotFinite;
        }
        catch (OnnxRuntimeException e)
        {
            _log($"predictor failed on an earlier state: {ModelSessions.OneLine(e)}");
            return RunStatus.Failed;
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (var graph in _imagine)
        {
            graph.Dispose();
        }
    }
}
