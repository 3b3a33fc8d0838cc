using Forecast.Pipeline.Inference;
using Forecast.Pipeline.WhatIf;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// A copy of the committed state, bound to the predictor once for each batch, with tensors of its own. The vehicle's outline is the run's. The state is copied
/// because the run's two change places.
/// </summary>
internal sealed class OnnxCandidates : ICandidates, IDisposable
{
    private static readonly int[] Sizes = [1, 8, PlanRequest.MostCandidates];

    private readonly OnnxWorldRun _run;
    private readonly Action<string> _log;
    private readonly Dictionary<string, float[]> _memory = [];
    private readonly float[] _state;
    private readonly BoundGraph[] _imagine;
    private readonly int _steps;
    private bool _disposed;

    /// <param name="predictor">The tensors of that graph.</param>
    public OnnxCandidates(OnnxWorldRun run, InferenceSession session, IReadOnlyList<TensorDeclaration> predictor, int steps, bool bindOnce, Action<string> log)
    {
        _run = run;
        _log = log;
        _steps = steps;
        _state = GC.AllocateArray<float>(run.CommittedState.Length, pinned: true);
        var most = new AxisSizes(Cameras: 0, Manoeuvres: Sizes[^1]);
        foreach (var tensor in predictor)
        {
            _memory.Add(tensor.Name, tensor.Name switch
            {
                "state" => _state,
                "footprint" => run.FootprintMemory,
                _ => GC.AllocateArray<float>(most.Length(tensor), pinned: true),
            });
        }

        _imagine = [.. Sizes.Select(size => new BoundGraph(session, predictor, most with { Manoeuvres = size }, tensor => _memory[tensor.Name], bindOnce))];
    }

    public ReadOnlySpan<int> Batches => Sizes;

    public Span<float> Ego => _memory["ego"];

    public Span<float> Controls => _memory["manoeuvres"];

    public ReadOnlySpan<float> HazardLogits => _memory["hazard_logits"];

    public RunStatus Imagine(int batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _run.CommittedState.CopyTo(_state);
        try
        {
            _imagine[batch].Run();
            return Finite.All(HazardLogits[..(Sizes[batch] * _steps)]) ? RunStatus.Ok : RunStatus.NotFinite;
        }
        catch (OnnxRuntimeException e)
        {
            _log($"predictor failed on a request's candidates: {ModelSessions.OneLine(e)}");
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
