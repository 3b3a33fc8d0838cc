using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.WhatIf;

/// <summary>
/// From the predictor's hazards to what is said of each candidate, by the rules of the plan message: a candidate that is the intended manoeuvre, or keeping
/// on, has the risk scaling of those two, every other that of imagined manoeuvres; the upper bound was measured on the intended one alone.
/// </summary>
internal sealed class CandidateJudge
{
    private readonly ModelManifest _manifest;
    private readonly RiskCalibration _withMotion;
    private readonly RiskCalibration _withEstimate;
    private readonly Pose2[] _path;

    public CandidateJudge(ModelManifest manifest)
    {
        _manifest = manifest;
        _withMotion = new RiskCalibration(manifest.Calibration, EgoOrigin.Measured);
        _withEstimate = new RiskCalibration(manifest.Calibration, EgoOrigin.Estimated);
        _path = new Pose2[manifest.HorizonsS.Count];
    }

    /// <param name="intended">[K, 2] of manoeuvre 0 of the forecast asked about.</param>
    /// <param name="answer">Has that forecast's envelope and motion; its first <see cref="SceneForecast.Manoeuvres"/> rows are filled.</param>
    public void Read(PlanRequest request, ReadOnlySpan<float> hazardLogits, ReadOnlySpan<float> intended, SceneForecast answer, bool[] bounded)
    {
        var horizons = answer.Horizons;
        var calibration = answer.EgoOrigin == EgoOrigin.Estimated ? _withEstimate : _withMotion;
        answer.Manoeuvres = request.Candidates;
        for (var row = 0; row < request.Candidates; row++)
        {
            var controls = request.Controls.AsSpan(row * horizons * 2, horizons * 2);
            var probability = answer.Probability.AsSpan(row * horizons, horizons);
            bounded[row] = controls.SequenceEqual(intended);
            calibration.Cumulative(hazardLogits.Slice(row * horizons, horizons), imagined: !bounded[row] && !IsKeepingOn(controls, intended[1]), probability);
            if (bounded[row])
            {
                calibration.Bound(probability, answer.UpperBound);
            }

            controls.CopyTo(answer.Controls.AsSpan(row * horizons * 2, horizons * 2));
            (answer.Progress[row], answer.Comfort[row]) = PathRollout.Roll(controls, answer.Speed, _manifest.HorizonsS, _path);
            answer.InSupport[row] = Judge.InSupport(controls, answer.Speed);
        }

        PlanRanking.Rank(answer);
    }

    private static bool IsKeepingOn(ReadOnlySpan<float> controls, float curvature)
    {
        for (var i = 0; i < controls.Length; i += 2)
        {
            if (controls[i] != 0 || controls[i + 1] != curvature)
            {
                return false;
            }
        }

        return true;
    }
}
