using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>
/// Earlier states of a fake world, whose state is the observed map: each imagines that nothing changes, at every horizon, but for what a test
/// has put on top. Remembers the controls and the ego of each look.
/// </summary>
internal sealed class FakePastStates(FakeWorldRun run, int slots) : IPastStates
{
    private const int Horizons = 5;

    private readonly float[][] _states = [.. Enumerable.Range(0, slots).Select(_ => new float[run.ObservedMap.Length])];
    private readonly float[] _ego = new float[3];
    private readonly float[] _controls = new float[Horizons * 2];
    private readonly float[] _latents = new float[Horizons * run.ObservedMap.Length];

    public int Slots => slots;

    public List<(float[] Ego, float[] Controls)> Looks { get; } = [];

    /// <summary>What the next looks answer; Ok when empty.</summary>
    public Queue<RunStatus> Answers { get; } = new();

    /// <summary>Off while allocation is counted.</summary>
    public bool Records { get; set; } = true;

    public Span<float> Ego => _ego;

    public Span<float> Controls => _controls;

    public ReadOnlySpan<float> Latents => _latents;

    public void Keep(int slot) => run.ObservedMap.CopyTo(_states[slot], 0);

    public RunStatus Imagine(int slot)
    {
        if (Records)
        {
            Looks.Add(([.. _ego], [.. _controls]));
        }

        for (var k = 0; k < Horizons; k++)
        {
            _states[slot].CopyTo(_latents, k * _states[slot].Length);
        }

        return Answers.TryDequeue(out var answer) ? answer : RunStatus.Ok;
    }
}
