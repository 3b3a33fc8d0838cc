using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>From the model's logits to probabilities that mean what they say: the manifest's scaling, fitted on validation towns.</summary>
public sealed class RiskCalibration
{
    /// <summary>logit(1 - 1e-6): training clips probabilities to [1e-6, 1 - 1e-6] before it fits the scaling; beyond, it says nothing.</summary>
    private const double FittedLogit = 13.815509557963774;

    private readonly LogitScaling[] _risk;
    private readonly LogitScaling[] _candidates;
    private readonly UpperBoundTable _bound;

    /// <param name="ego">Where the ego's motion comes from: the model may be calibrated apart for its own estimate.</param>
    public RiskCalibration(ModelCalibration calibration, EgoOrigin ego)
    {
        _risk = [.. calibration.RiskFor(ego)];
        _candidates = [.. calibration.CandidatesFor(ego)];
        _bound = calibration.UpperBoundFor(ego);
    }

    /// <summary>
    /// Discrete hazards to the probability of a collision by each horizon: P(k) = 1 - prod(1 - sigmoid(h)), scaled on the logit, then made
    /// monotone by the running maximum.
    /// </summary>
    /// <param name="hazardLogits">[K].</param>
    /// <param name="imagined">Of a manoeuvre that is neither the intended one nor keeping on, which has a scaling of its own.</param>
    /// <param name="probability">[K], filled.</param>
    public void Cumulative(ReadOnlySpan<float> hazardLogits, bool imagined, Span<float> probability)
    {
        var scaling = imagined ? _candidates : _risk;
        var logSurvival = 0.0;
        var highest = 0.0;
        for (var k = 0; k < probability.Length; k++)
        {
            logSurvival -= Softplus(hazardLogits[k]); // log(1 - sigmoid(h)) = -softplus(h): exact where the product would round to 1
            var logit = LogitOfOneMinusExp(logSurvival);
            highest = Math.Max(highest, Sigmoid((scaling[k].Scale * logit) + scaling[k].Bias));
            probability[k] = (float)highest;
        }
    }

    /// <summary>The manifest's upper bound for calibrated probabilities [K]; never below them, monotone.</summary>
    public void Bound(ReadOnlySpan<float> probability, Span<float> bound)
    {
        var highest = 0.0;
        for (var k = 0; k < probability.Length; k++)
        {
            var edges = _bound.Edges[k];
            var bin = 0;
            while (bin < edges.Count && probability[k] >= edges[bin])
            {
                bin++;
            }

            highest = Math.Max(highest, Math.Max(probability[k], _bound.Bounds[k][bin]));
            bound[k] = (float)highest;
        }
    }

    internal static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    /// <summary>logit(1 - e^s) for s below 0: log(e^-s - 1), within the probabilities on which the scaling was fitted.</summary>
    private static double LogitOfOneMinusExp(double s) => Math.Clamp(-s > 30 ? -s : Math.Log(Math.Max(Math.Exp(-s) - 1, 1e-15)), -FittedLogit, FittedLogit);
}
