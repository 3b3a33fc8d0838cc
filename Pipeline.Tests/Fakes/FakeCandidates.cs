using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>Candidates of a fake world: the hazard of each grows with its first acceleration, at every horizon.</summary>
internal sealed class FakeCandidates : ICandidates
{
    private const int Horizons = 5;
    private static readonly int[] Sizes = [1, 8, 16];

    private readonly float[] _ego = new float[3];
    private readonly float[] _controls = new float[16 * Horizons * 2];
    private readonly float[] _hazards = new float[16 * Horizons];

    public ReadOnlySpan<int> Batches => Sizes;

    public Span<float> Ego => _ego;

    public Span<float> Controls => _controls;

    public ReadOnlySpan<float> HazardLogits => _hazards;

    /// <summary>The batches that were imagined.</summary>
    public List<int> Imagined { get; } = [];

    /// <summary>Called at each: moves a test's clock on by what it takes.</summary>
    public Action? Imagining { get; set; }

    public RunStatus Answer { get; set; } = RunStatus.Ok;

    public static float HazardOf(float acceleration) => acceleration - 4;

    public RunStatus Imagine(int batch)
    {
        Imagining?.Invoke();
        Imagined.Add(Sizes[batch]);
        for (var row = 0; row < Sizes[batch]; row++)
        {
            _hazards.AsSpan(row * Horizons, Horizons).Fill(HazardOf(_controls[row * Horizons * 2]));
        }

        return Answer;
    }
}
