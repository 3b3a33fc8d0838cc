using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>Step 8: from the model's outputs to what is said: calibrated risk of each manoeuvre, level and alarm, where the hazard is, and what of it to trust.</summary>
public sealed class Judge
{
    private const float LikelyCollision = 0.5f;
    private const float SupportedLateralMps2 = 5f;
    private const float SupportedBrakingMps2 = -9f;
    private const float SupportedAccelerationMps2 = 4f;

    /// <summary>
    /// The bound was measured with every camera, known motion, measured calibration, a full history and in scenes that do as forecast and are like others: without them it promises nothing. One
    /// measured apart on estimated motion stands without the known motion.
    /// </summary>
    public const DegradedReasons SuspendsTheBound = DegradedReasons.WarmingUp | DegradedReasons.CalibrationAssumed | DegradedReasons.CameraMissing
        | DegradedReasons.CameraFrozen | DegradedReasons.CameraBlack | DegradedReasons.EgoEstimated | DegradedReasons.Surprised
        | DegradedReasons.NewScene | DegradedReasons.CamerasShed;

    private readonly ModelManifest _manifest;
    private readonly Manoeuvres _manoeuvres;
    private readonly RiskCalibration _withMotion;
    private readonly RiskCalibration _withEstimate;
    private readonly OccupancyReading _occupancy;
    private readonly HazardLocator _locator;
    private readonly AlarmTracker _alarm;
    private readonly Hindsight _hindsight;
    private readonly Pose2[] _path;
    private readonly BoundGuarantee _guarantee;
    private readonly DegradedReasons _standing;

    /// <param name="domain">What the source claims to be, to compare with the calibration's domain; null for a real rig.</param>
    public Judge(ModelManifest manifest, Rig rig, Manoeuvres manoeuvres, Hindsight hindsight, string? domain, Func<Guid> newEventId)
    {
        _manifest = manifest;
        _manoeuvres = manoeuvres;
        _hindsight = hindsight;
        _withMotion = new RiskCalibration(manifest.Calibration, EgoOrigin.Measured);
        _withEstimate = new RiskCalibration(manifest.Calibration, EgoOrigin.Estimated);
        _occupancy = new OccupancyReading(manifest);
        _locator = new HazardLocator(manifest, rig);
        _alarm = new AlarmTracker(newEventId);
        _path = new Pose2[manifest.HorizonsS.Count];
        _guarantee = domain == manifest.CalibrationDomain ? BoundGuarantee.Holds : BoundGuarantee.NotEstablished;
        _standing = (rig.CalibrationAssumed ? DegradedReasons.CalibrationAssumed : 0)
            | (rig.Cameras.All(camera => camera.Stamp.Verified) ? 0 : DegradedReasons.CaptureTimeUnverified);
    }

    /// <summary>Alarms risen so far.</summary>
    public int Alarms => _alarm.Raised;

    /// <summary>Reads the run's outputs into the forecast, whose motion and rung the world step has set.</summary>
    public void Read(IWorldRun run, SceneForecast forecast)
    {
        var horizons = forecast.Horizons;
        var calibration = forecast.EgoOrigin == EgoOrigin.Estimated ? _withEstimate : _withMotion;
        _occupancy.Read(run.OccupancyLogits, forecast);
        for (var row = 0; row < forecast.Manoeuvres; row++)
        {
            calibration.Cumulative(run.HazardLogits.Slice(row * horizons, horizons), _manoeuvres.IsImagined(row), forecast.Probability.AsSpan(row * horizons, horizons));
            Describe(run.Manoeuvres.Slice(row * horizons * 2, horizons * 2), row, forecast);
        }

        var kept = forecast.Probability.AsSpan(0, horizons);
        calibration.Bound(kept, forecast.UpperBound);
        forecast.TimeToCollisionS = TimeToCollision(kept);
        _locator.Locate(forecast);
        PlanRanking.Rank(forecast);
        _hindsight.See(forecast);
        (forecast.Level, forecast.Alarm, forecast.Edge) = _alarm.See(
            forecast.Reference, kept[_manifest.LevelHorizonFor(forecast.EgoOrigin)], _manifest.LevelsFor(forecast.EgoOrigin));
        Trust(forecast);
    }

    private void Describe(ReadOnlySpan<float> controls, int row, SceneForecast forecast)
    {
        controls.CopyTo(forecast.Controls.AsSpan(row * controls.Length, controls.Length));
        forecast.CandidateIndex[row] = _manoeuvres.CandidateOfRow[row];
        (forecast.Progress[row], forecast.Comfort[row]) = PathRollout.Roll(controls, forecast.Speed, _manifest.HorizonsS, _path);
        forecast.InSupport[row] = InSupport(controls, forecast.Speed);
        if (row == 0)
        {
            _path.CopyTo(forecast.EgoPath, 0);
        }
    }

    /// <summary>False where controls [K, 2] lie outside what the model was trained on.</summary>
    internal static bool InSupport(ReadOnlySpan<float> controls, float speed)
    {
        for (var i = 0; i < controls.Length; i += 2)
        {
            var lateral = Math.Abs(controls[i + 1]) * speed * speed;
            if (controls[i] is < SupportedBrakingMps2 or > SupportedAccelerationMps2 || lateral > SupportedLateralMps2)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>When the cumulative probability crosses one half, linear between horizons; NaN when it does not.</summary>
    private float TimeToCollision(ReadOnlySpan<float> probability)
    {
        var earlierTime = 0.0;
        var earlier = 0f;
        for (var k = 0; k < probability.Length; k++)
        {
            if (probability[k] >= LikelyCollision)
            {
                var share = (LikelyCollision - earlier) / Math.Max(1e-6f, probability[k] - earlier);
                return (float)(earlierTime + (share * (_manifest.HorizonsS[k] - earlierTime)));
            }

            earlier = probability[k];
            earlierTime = _manifest.HorizonsS[k];
        }

        return float.NaN;
    }

    private void Trust(SceneForecast forecast)
    {
        var reasons = forecast.Reasons | _standing;
        foreach (var use in forecast.Cameras)
        {
            reasons |= use.Missing switch
            {
                MissingReason.None => 0,
                MissingReason.Frozen => DegradedReasons.CameraFrozen,
                MissingReason.Black => DegradedReasons.CameraBlack,
                MissingReason.Shed => DegradedReasons.CamerasShed,
                _ => DegradedReasons.CameraMissing,
            };
        }

        reasons |= forecast.EgoOrigin == EgoOrigin.Estimated ? DegradedReasons.EgoEstimated : 0;
        reasons |= forecast.Manoeuvres < _manoeuvres.Count ? DegradedReasons.FewerManoeuvres : 0;
        forecast.Reasons = reasons;
        var suspends = _manifest.Calibration.UpperBoundEgoEstimated is null ? SuspendsTheBound : SuspendsTheBound & ~DegradedReasons.EgoEstimated;
        forecast.Guarantee = _guarantee == BoundGuarantee.Holds && (reasons & suspends) != 0 ? BoundGuarantee.Suspended : _guarantee;
        forecast.Validity = reasons == DegradedReasons.None ? Validity.Valid : Validity.Degraded;
    }
}
