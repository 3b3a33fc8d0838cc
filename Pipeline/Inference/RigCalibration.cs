namespace Forecast.Pipeline.Inference;

/// <summary>What was found out about one rig under one model from drives recorded with it; stands in place of the manifest's own.</summary>
/// <param name="ModelSha256">Of the manifest, as <see cref="ModelManifest.Sha256"/>.</param>
/// <param name="RigSha256">As <see cref="Frames.RigFingerprint"/>.</param>
/// <param name="Domain">The name of what it holds for: this rig, on roads as those drives saw them.</param>
/// <param name="EgoEstimated">True where the drives had no ego log, so that it holds for estimated motion only.</param>
public sealed record RigCalibration(string ModelSha256, string RigSha256, string RigName, string Domain, bool EgoEstimated, double Alpha, int Drives)
{
    /// <summary>Of the file; empty before it is written.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>By horizon; null together with the bound where the drives had no labels, so that nobody knows what came of them.</summary>
    public IReadOnlyList<LogitScaling>? Risk { get; init; }

    public UpperBoundTable? UpperBound { get; init; }

    /// <summary>Null where there were too few looks.</summary>
    public SurpriseCalibration? Surprise { get; init; }

    /// <summary>The manifest with what was found in it. Its calibration domain is this rig's only where a bound was found.</summary>
    public ModelManifest ApplyTo(ModelManifest manifest)
    {
        var own = manifest.Calibration;
        var calibrated = EgoEstimated
            ? own with { SurpriseEgoEstimated = Surprise ?? own.SurpriseEgoEstimated }
            : own with { Surprise = Surprise ?? own.Surprise };
        if (Risk is null || UpperBound is null)
        {
            return manifest with { Calibration = calibrated, CalibrationSha256 = Sha256 };
        }

        // What was not measured on this rig promises nothing: a bound of 1 with a log where there was none, none without a log where there was one.
        calibrated = EgoEstimated
            ? calibrated with { RiskEgoEstimated = Risk, UpperBoundEgoEstimated = UpperBound, UpperBound = UpperBoundTable.Vacuous("none: this rig was calibrated without an ego log", manifest.HorizonsS.Count, Drives, Alpha) }
            : calibrated with { Risk = Risk, UpperBound = UpperBound, UpperBoundEgoEstimated = null };
        return manifest with { Calibration = calibrated, CalibrationSha256 = Sha256, CalibrationDomain = Domain };
    }
}
