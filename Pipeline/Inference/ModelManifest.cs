using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Inference;

/// <summary>What model.json says of a world model. Nothing in C# knows its architecture beyond this. SI units.</summary>
public sealed record ModelManifest(
    string Name,
    string Version,
    string Sha256,
    string Licence,
    string TrainedOn,
    string CalibrationDomain,
    int InputWidthPx,
    int InputHeightPx,
    int CamerasMin,
    int CamerasMax,
    TimeSpan TickPeriod,
    TimeSpan LargestGap,
    TimeSpan History,
    IReadOnlyList<double> HorizonsS,
    string CollisionDefinition,
    IReadOnlyList<ManoeuvreCandidate> Candidates,
    IReadOnlyList<int> Rung8,
    OccupancyGrid Grid,
    IReadOnlyList<double> LiftHeightsM,
    IReadOnlyList<string> OccupancyClasses,
    ModelShapes Shapes,
    IReadOnlyList<CostEntry> CostTable,
    ModelCalibration Calibration,
    RiskLevels Levels,
    IReadOnlyList<SkillFigure> Skill)
{
    /// <summary>Of the rig's calibration file whose figures stand here in place of the model's own; null: the model's own.</summary>
    public string? CalibrationSha256 { get; init; }

    /// <summary>In place of <see cref="Levels"/> where the ego's motion is the model's own estimate; null where these were not chosen apart.</summary>
    public RiskLevels? LevelsEgoEstimated { get; init; }

    /// <summary>The levels that hold where the ego's motion has this origin.</summary>
    public RiskLevels LevelsFor(EgoOrigin ego) => ego == EgoOrigin.Estimated && LevelsEgoEstimated is { } apart ? apart : Levels;

    /// <summary>Place in <see cref="HorizonsS"/> of the horizon on which those levels judge.</summary>
    public int LevelHorizonFor(EgoOrigin ego)
    {
        var seconds = LevelsFor(ego).HorizonS;
        for (var k = 0; k < HorizonsS.Count; k++)
        {
            if (Math.Abs(HorizonsS[k] - seconds) < 1e-6)
            {
                return k;
            }
        }

        return 0;
    }
}

/// <summary>Sizes of the tensors that C# holds but does not understand.</summary>
/// <param name="State">Channels, then the map: [S, X, Y].</param>
/// <param name="Observed">[D, X', Y'].</param>
/// <param name="Descriptor">E.</param>
public sealed record ModelShapes(IReadOnlyList<int> State, IReadOnlyList<int> Observed, int Descriptor);

/// <summary>Cell (i, j) has its centre at origin + (i + 0.5, j + 0.5) x resolution; i runs forward (x), j to the left (y).</summary>
public sealed record OccupancyGrid(double OriginX, double OriginY, double ResolutionM, int SizeX, int SizeY);

/// <summary>One imagined manoeuvre, a value for each horizon step. Null accelerations: the intended manoeuvre itself.</summary>
public sealed record ManoeuvreCandidate(string Name, IReadOnlyList<double>? AccelerationsMps2, IReadOnlyList<double> LateralMps2);

/// <summary>The frozen service time of one run at a rung (how many manoeuvres), for exact replay.</summary>
public sealed record CostEntry(int Batch, int Manoeuvres, TimeSpan Cost);

/// <summary>logit -> Scale x logit + Bias at a horizon.</summary>
public sealed record LogitScaling(double HorizonS, double Scale, double Bias);

public sealed record ModelCalibration(IReadOnlyList<LogitScaling> Risk, IReadOnlyList<LogitScaling> Occupancy, UpperBoundTable UpperBound)
{
    /// <summary>In place of <see cref="Risk"/> where the ego's motion is the model's own estimate; null where it was not fitted apart.</summary>
    public IReadOnlyList<LogitScaling>? RiskEgoEstimated { get; init; }

    /// <summary>Of the manoeuvres after the intended and the keep-going one; null: as <see cref="Risk"/>.</summary>
    public IReadOnlyList<LogitScaling>? RiskCandidates { get; init; }

    /// <summary>The same where the ego's motion is the model's own estimate; null: as <see cref="RiskFor"/> there.</summary>
    public IReadOnlyList<LogitScaling>? RiskCandidatesEgoEstimated { get; init; }

    /// <summary>In place of <see cref="UpperBound"/> there; null where it was not measured apart.</summary>
    public UpperBoundTable? UpperBoundEgoEstimated { get; init; }

    /// <summary>What the error of the latent forecast usually is; null: surprise cannot be judged, and is not computed, which every scene says.</summary>
    public SurpriseCalibration? Surprise { get; init; }

    /// <summary>The same where the ego's motion is the model's own estimate; null: there it is not computed.</summary>
    public SurpriseCalibration? SurpriseEgoEstimated { get; init; }

    /// <summary>From where on a scene is unlike what the memory holds; null: none is ever called new.</summary>
    public NoveltyCalibration? Novelty { get; init; }

    public IReadOnlyList<LogitScaling> RiskFor(EgoOrigin ego) => ego == EgoOrigin.Estimated && RiskEgoEstimated is { } apart ? apart : Risk;

    public IReadOnlyList<LogitScaling> CandidatesFor(EgoOrigin ego) =>
        (ego == EgoOrigin.Estimated && RiskEgoEstimated is not null ? RiskCandidatesEgoEstimated : RiskCandidates) ?? RiskFor(ego);

    public UpperBoundTable UpperBoundFor(EgoOrigin ego) => ego == EgoOrigin.Estimated && UpperBoundEgoEstimated is { } apart ? apart : UpperBound;
}

/// <summary>A tick is unlike what is kept below this cosine of the nearest descriptor; a scene is new when at least M of the last N ticks are.</summary>
public sealed record NoveltyCalibration(double Similarity, int M, int N);

/// <summary>An upper bound on the probability, looked up by the calibrated one: Bounds[h] has one entry more than Edges[h].</summary>
public sealed record UpperBoundTable(string Method, double Alpha, int SampleCount, IReadOnlyList<IReadOnlyList<double>> Edges, IReadOnlyList<IReadOnlyList<double>> Bounds)
{
    /// <summary>A bound that nothing is ever above: where nothing was measured.</summary>
    public static UpperBoundTable Vacuous(string method, int horizons, int samples, double alpha) =>
        new(method, alpha, samples, [.. Enumerable.Repeat<IReadOnlyList<double>>([], horizons)], [.. Enumerable.Repeat<IReadOnlyList<double>>([1], horizons)]);
}

/// <summary>Thresholds on the calibrated probability at one horizon; an alarm is at least M of the last N ticks at high.</summary>
public sealed record RiskLevels(double HorizonS, Hysteresis Elevated, Hysteresis High, int AlarmM, int AlarmN);

public sealed record Hysteresis(double Rise, double Fall);

/// <summary>A measured figure with its 95 % interval, the blind model's beside it, and the gate it was held against.</summary>
public sealed record SkillFigure(string Name, double Value, double Low, double High, double? Blind, string? Gate, bool? Passes);
