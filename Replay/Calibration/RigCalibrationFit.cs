using System.Globalization;
using Forecast.Pipeline.Inference;

namespace Forecast.Replay.Calibration;

/// <summary>What became of one horizon.</summary>
/// <param name="Fitted">False: too few drives with a collision, or without; the model's own scaling stays.</param>
/// <param name="Collisions">Drives in which the intended manoeuvre would have collided by then.</param>
/// <param name="ErrorBefore">Expected calibration error of the intended manoeuvre with the model's own scaling; NaN without labels.</param>
public sealed record HorizonFit(double HorizonS, bool Fitted, LogitScaling Scaling, int Drives, int Collisions, double ErrorBefore, double ErrorAfter, double LeastBound, double GreatestBound);

/// <summary>From what was recorded to a rig's calibration, and the words for what could not be had.</summary>
public sealed class RigCalibrationFit
{
    public const double Alpha = 0.1;

    /// <summary>Fewer drives with a collision by a horizon, or fewer without, and its scaling is not touched.</summary>
    public const int LeastDrivesOfEach = 5;

    private const int ErrorBins = 10;

    private readonly List<string> _missing = [];

    public RigCalibrationFit(CalibrationRecorder recorder, ModelManifest manifest, bool egoEstimated)
        : this(recorder.Risk, recorder.LabelledDrives, recorder.Looks, manifest, egoEstimated)
    {
    }

    internal RigCalibrationFit(IReadOnlyList<RiskRecord> risk, int labelledDrives, IReadOnlyList<SurpriseLook> looks, ModelManifest manifest, bool egoEstimated)
    {
        var own = egoEstimated ? manifest.Calibration.RiskEgoEstimated ?? manifest.Calibration.Risk : manifest.Calibration.Risk;
        if (labelledDrives == 0)
        {
            _missing.Add("risk and its upper bound: none of the drives has labels, so nobody knows which of them would have collided; the guarantee stays not_established");
        }
        else
        {
            Horizons = [.. own.Select((scaling, k) => FitScaling(risk, k, scaling))];
            Risk = [.. Horizons.Select(horizon => horizon.Scaling)];
            FitBound(risk, labelledDrives, manifest);
            Note(
                Horizons.Where(horizon => !horizon.Fitted),
                horizons => $"risk at {horizons}: a scaling needs {LeastDrivesOfEach} drives that would have collided by then and as many that would not; the model's own stays");
            Note(
                Horizons.Where(horizon => horizon.LeastBound >= 1),
                horizons => $"the upper bound at {horizons}: it needs {UpperBoundFit.LeastDrives} drives in a bin, of about as many ticks each; it is 1, which holds but says nothing");
        }

        var surprise = CalibrationRecorder.OwnSurprise(manifest, egoEstimated);
        Surprise = surprise is null ? null : SurpriseFit.Fit(looks, surprise, manifest.TickPeriod);
        if (surprise is null)
        {
            _missing.Add("surprise: the model does not say what its error usually is (calibration.surprise in model.json)");
        }
        else if (Surprise is null)
        {
            _missing.Add($"surprise: {looks.Count} looks back, and {SurpriseFit.LeastLooks} are needed; give more drives");
        }
        else if (Surprise.FalseAlarmsPerHour > SurpriseFit.WantedFalseAlarmsPerHour)
        {
            // A threshold below the model's own, which was found in hours of traffic, would be found in too little of it.
            Surprise = Surprise with { Threshold = Math.Max(Surprise.Threshold, surprise.Threshold) };
            _missing.Add(FormattableString.Invariant(
                $"surprise's false alarms to {SurpriseFit.WantedFalseAlarmsPerHour} an hour: so few drives promise {Surprise.FalseAlarmsPerHour:0.##} at best; the threshold is not below the model's own; give more"));
        }
    }

    /// <summary>Empty without labels.</summary>
    public IReadOnlyList<HorizonFit> Horizons { get; private set; } = [];

    public IReadOnlyList<LogitScaling>? Risk { get; }

    public UpperBoundTable? UpperBound { get; private set; }

    public SurpriseCalibration? Surprise { get; }

    /// <summary>What could not be calibrated, why, and what would help; a sentence each.</summary>
    public IReadOnlyList<string> Missing => _missing;

    private static HorizonFit FitScaling(IReadOnlyList<RiskRecord> records, int k, LogitScaling own)
    {
        var known = records.Where(record => record.Hits[k] is not null).ToList();
        var intended = known.Where(record => record.Intended).ToList();
        var drives = intended.Select(record => record.Drive).Distinct().Count();
        var collisions = intended.Where(record => record.Hits[k] == true).Select(record => record.Drive).Distinct().Count();
        var calm = known.Where(record => record.Hits[k] == false).Select(record => record.Drive).Distinct().Count();
        var fitted = collisions >= LeastDrivesOfEach && calm >= LeastDrivesOfEach;
        var scaling = own;
        if (fitted)
        {
            scaling = LogisticFit.Fit(
                own.HorizonS, [.. known.Select(record => record.Logits[k])], [.. known.Select(record => record.Hits[k] == true)], [.. known.Select(record => record.Weight)]);
        }

        return new HorizonFit(own.HorizonS, fitted, scaling, drives, collisions, Error(intended, k, own), Error(intended, k, scaling), double.NaN, double.NaN);
    }

    private void FitBound(IReadOnlyList<RiskRecord> risk, int labelledDrives, ModelManifest manifest)
    {
        var byHorizon = manifest.HorizonsS.Select(_ => new List<Outcome>()).ToList();
        foreach (var record in risk.Where(record => record.Intended))
        {
            var highest = 0.0;
            for (var k = 0; k < byHorizon.Count; k++)
            {
                highest = Math.Max(highest, LogisticFit.Sigmoid((Risk![k].Scale * record.Logits[k]) + Risk[k].Bias));
                if (record.Hits[k] is { } hit)
                {
                    byHorizon[k].Add(new Outcome(record.Drive, (float)highest, hit));
                }
            }
        }

        UpperBound = UpperBoundFit.Fit(byHorizon, labelledDrives, Alpha);
        Horizons = [.. Horizons.Select((horizon, k) => horizon with { LeastBound = UpperBound.Bounds[k][0], GreatestBound = UpperBound.Bounds[k][^1] })];
    }

    private void Note(IEnumerable<HorizonFit> horizons, Func<string, string> sentence)
    {
        var named = string.Join(", ", horizons.Select(horizon => horizon.HorizonS.ToString("0.###", CultureInfo.InvariantCulture)));
        if (named.Length > 0)
        {
            _missing.Add(sentence($"{named} s"));
        }
    }

    /// <summary>Mean distance of what was said from what came, over ten bins of equal width, each weighing its records.</summary>
    private static double Error(List<RiskRecord> intended, int k, LogitScaling scaling)
    {
        if (intended.Count == 0)
        {
            return double.NaN;
        }

        var said = new double[ErrorBins];
        var came = new double[ErrorBins];
        foreach (var record in intended)
        {
            var p = LogisticFit.Sigmoid((scaling.Scale * record.Logits[k]) + scaling.Bias);
            var bin = Math.Min(ErrorBins - 1, (int)(p * ErrorBins));
            said[bin] += p;
            came[bin] += record.Hits[k] == true ? 1 : 0;
        }

        return said.Zip(came, (p, hits) => Math.Abs(p - hits)).Sum() / intended.Count;
    }
}
