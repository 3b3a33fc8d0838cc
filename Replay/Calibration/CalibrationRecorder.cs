using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Replay.Calibration;

/// <summary>
/// Takes the forecasts of one drive after the other, made with <see cref="Uncalibrated"/>, and keeps what a calibration is fitted to. Forecasts
/// under conditions that suspend the bound anyway are left out.
/// </summary>
public sealed class CalibrationRecorder(ModelManifest manifest) : IForecastSink
{
    /// <summary>The intended and the keep-going manoeuvre, whose risk is published and alarmed on, weigh eight times as much as the other fourteen together: training's weights.</summary>
    private const double WeightOfTheFirstTwo = 56;

    /// <summary>An assumed rig and estimated motion are what they are on this rig, at run time too.</summary>
    private const DegradedReasons LeavesOut = Judge.SuspendsTheBound & ~(DegradedReasons.EgoEstimated | DegradedReasons.CalibrationAssumed | DegradedReasons.Surprised);

    private readonly List<SurpriseLook> _surprise = [];
    private readonly List<RiskRecord> _risk = [];
    private RecordedFuture? _future;
    private Timestamp _start;
    private Timestamp? _lastLook;
    private int _drive = -1;

    public string Name => "calibration";

    public int Drives => _drive + 1;

    public int LabelledDrives { get; private set; }

    public IReadOnlyList<RiskRecord> Risk => _risk;

    public IReadOnlyList<SurpriseLook> Looks => _surprise;

    /// <summary>The manifest as it must be while recording: no risk scaled, and every look back scored, by the model's statistic as it is.</summary>
    public static ModelManifest Uncalibrated(ModelManifest manifest, bool egoEstimated)
    {
        var plain = manifest.HorizonsS.Select(horizon => new LogitScaling(horizon, 1, 0)).ToList();
        var surprise = OwnSurprise(manifest, egoEstimated) is { } own
            ? own with { Norms = [.. own.Norms.Select(norm => norm with { Mean = 0, Sd = 1 })], Threshold = double.MaxValue, OwnMotion = own.OwnMotion is { } usual ? usual with { Centre = 0, Width = 1 } : null }
            : null;
        var calibration = manifest.Calibration with { Risk = plain, RiskEgoEstimated = null, RiskCandidates = null, RiskCandidatesEgoEstimated = null, UpperBoundEgoEstimated = null, Surprise = surprise, SurpriseEgoEstimated = surprise };
        return manifest with { Calibration = calibration };
    }

    /// <summary>What the model says of surprise in such motion; where it is estimated and the model says nothing of that, what it says of measured motion.</summary>
    public static SurpriseCalibration? OwnSurprise(ModelManifest manifest, bool egoEstimated) =>
        egoEstimated && manifest.Calibration.SurpriseEgoEstimated is { } apart ? apart : manifest.Calibration.Surprise;

    /// <param name="labels">Null where nobody knows who was where.</param>
    public void BeginDrive(Rig rig, Timestamp start, IReadOnlyList<LabelledTick>? labels)
    {
        _drive++;
        _start = start;
        _lastLook = null;
        _future = labels is null ? null : new RecordedFuture(labels, rig.Vehicle, manifest.HorizonsS);
        LabelledDrives += labels is null ? 0 : 1;
    }

    public SinkResult Publish(SceneForecast forecast)
    {
        if (forecast.Surprise.Moment is { } moment && moment != _lastLook)
        {
            _lastLook = moment;
            _surprise.Add(new SurpriseLook(_drive, moment.SecondsSince(_start), [.. forecast.Surprise.Score.Where(float.IsFinite).Select(score => (double)score)],
                float.IsFinite(forecast.Surprise.OwnMotion) ? forecast.Surprise.OwnMotion : null));
        }

        if (_future is not null && (forecast.Reasons & LeavesOut) == 0)
        {
            RecordRisk(forecast, _future);
        }

        return SinkResult.Taken;
    }

    public bool Flush(TimeSpan limit) => true;

    public void Dispose()
    {
    }

    private void RecordRisk(SceneForecast forecast, RecordedFuture future)
    {
        var horizons = forecast.Horizons;
        for (var row = 0; row < forecast.Manoeuvres; row++)
        {
            var controls = forecast.Controls.AsSpan(row * horizons * 2, horizons * 2);
            if (future.Collides(forecast.Reference, controls, forecast.Speed) is not { } hits)
            {
                return; // nobody labelled this moment
            }

            var logits = new double[horizons];
            for (var k = 0; k < horizons; k++)
            {
                var p = Math.Clamp((double)forecast.Probability[(row * horizons) + k], 1e-6, 1 - 1e-6);
                logits[k] = Math.Log(p / (1 - p));
            }

            _risk.Add(new RiskRecord(_drive, row == 0, forecast.CandidateIndex[row] <= 1 ? WeightOfTheFirstTwo : 1, logits, hits));
        }
    }
}

/// <summary>What was forecast of one manoeuvre on one tick, and what would have come of it.</summary>
/// <param name="Intended">True for manoeuvre 0, of which the bound speaks.</param>
/// <param name="Logits">[K] of the uncalibrated probability.</param>
/// <param name="Hits">[K]; null where the recording ends too early to know.</param>
public sealed record RiskRecord(int Drive, bool Intended, double Weight, double[] Logits, bool?[] Hits);
