using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// The manoeuvres that are imagined: controls [A, K, 2] of acceleration (m/s2) and curvature (1/m, left positive), held from one
/// horizon to the next. Row 0 is the intended one. Rows are in the order in which rungs drop them, so that a rung is a prefix.
/// </summary>
public sealed class Manoeuvres
{
    private const float CurvatureLimit = 0.2f;
    private const float LeastSpeedForLateral = 3f;
    private const float LeastSpeedForCurvature = 1f;

    private readonly ModelManifest _manifest;
    private readonly int[] _order;
    private readonly bool[] _imagined;

    public Manoeuvres(ModelManifest manifest, int count)
    {
        _manifest = manifest;
        _order = Order(manifest, count);
        _imagined = [.. _order.Select(candidate => Deviates(manifest.Candidates[candidate]))];
        Rungs = [.. new[] { count, manifest.Rung8.Count, 1 }.Where(rung => rung <= count).Distinct()];
    }

    /// <summary>Numbers of manoeuvres, most first: by default 16, 8, 1.</summary>
    public IReadOnlyList<int> Rungs { get; }

    public int Count => _order.Length;

    /// <summary>The manifest's candidate that a row imagines.</summary>
    public ReadOnlySpan<int> CandidateOfRow => _order;

    /// <summary>Whether a row is another manoeuvre than the intended one and keeping on, whose risk is calibrated apart.</summary>
    public bool IsImagined(int row) => _imagined[row];

    /// <summary>Writes all rows' controls. Without a plan the present acceleration and curvature are held.</summary>
    public PlanOrigin Write(Span<float> controls, PlanSample? plan, float speed, float yawRate, float acceleration)
    {
        var steps = _manifest.HorizonsS.Count;
        for (var k = 0; k < steps; k++)
        {
            controls[2 * k] = plan is null ? acceleration : plan.Accelerations[k];
            controls[(2 * k) + 1] = Clamp(plan is null ? yawRate / Math.Max(speed, LeastSpeedForCurvature) : plan.Curvatures[k]);
        }

        var present = controls[1];
        var lateralToCurvature = 1 / (Math.Max(speed, LeastSpeedForLateral) * Math.Max(speed, LeastSpeedForLateral));
        for (var row = 1; row < _order.Length; row++)
        {
            var candidate = _manifest.Candidates[_order[row]];
            var target = controls.Slice(row * steps * 2, steps * 2);
            for (var k = 0; k < steps; k++)
            {
                target[2 * k] = (float)candidate.AccelerationsMps2![k];
                target[(2 * k) + 1] = Clamp(present + ((float)candidate.LateralMps2[k] * lateralToCurvature));
            }
        }

        return plan is null ? PlanOrigin.Keep : PlanOrigin.Plan;
    }

    private static bool Deviates(ManoeuvreCandidate candidate) =>
        candidate.AccelerationsMps2 is { } accelerations && (accelerations.Any(a => a != 0) || candidate.LateralMps2.Any(a => a != 0));

    private static float Clamp(float curvature) => Math.Clamp(curvature, -CurvatureLimit, CurvatureLimit);

    private static int[] Order(ModelManifest manifest, int count)
    {
        var order = new List<int>(manifest.Rung8);
        for (var candidate = 0; candidate < manifest.Candidates.Count; candidate++)
        {
            if (!order.Contains(candidate))
            {
                order.Add(candidate);
            }
        }

        return [.. order.Take(count)];
    }
}
