using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Publishing;

/// <summary>
/// Everything said about one frame set: what will happen, how likely a collision is under each manoeuvre, and how far to trust it.
/// Allocated once for a run and used again and again: one owner at a time, who gives it back. A value that is absent is NaN, or
/// null, here; messages leave it out and give the reason.
/// </summary>
public sealed class SceneForecast
{
    public SceneForecast(ModelManifest manifest, Rig rig, int manoeuvres)
    {
        var horizons = manifest.HorizonsS.Count;
        var grid = manifest.Grid;
        Cameras = new CameraUse[rig.Cameras.Count];
        EgoPath = new Pose2[horizons];
        Occupancy = new byte[(1 + horizons) * manifest.OccupancyClasses.Count * grid.SizeX * grid.SizeY];
        PredictedChange = new float[horizons];
        Uncertainty = new float[horizons];
        RollingSkill = new float[horizons];
        Probability = new float[manoeuvres * horizons];
        UpperBound = new float[horizons];
        Controls = new float[manoeuvres * horizons * 2];
        Comfort = new float[manoeuvres];
        Progress = new float[manoeuvres];
        InSupport = new bool[manoeuvres];
        Ranking = new int[manoeuvres];
        Surprise = new SurpriseReading(manifest.HorizonsS);
        Horizons = horizons;
    }

    public int Horizons { get; }

    // ---- envelope ----
    /// <summary>Frame sets formed so far.</summary>
    public long Tick { get; set; }

    public Timestamp CaptureFirst { get; set; }

    public Timestamp CaptureLast { get; set; }

    /// <summary>The reference time: everything is said in the ego frame of this moment (the newest capture time used).</summary>
    public Timestamp Reference { get; set; }

    /// <summary>Capture time of the oldest frame used + the budget.</summary>
    public Timestamp Deadline { get; set; }

    public Timestamp Dispatched { get; set; }

    /// <summary>Place of its rung in the cost table.</summary>
    public int RungIndex { get; set; }

    /// <summary>What the cost table said, at dispatch, that it would take at most from there until it is handed over.</summary>
    public TimeSpan Promised { get; set; }

    /// <summary>It was dispatched although it might be late, to learn what a run costs now.</summary>
    public bool IsProbe => Dispatched + Promised > Deadline;

    /// <summary>When it was ready for the sinks; the MQTT sink stamps publish time on each message itself.</summary>
    public Timestamp Judged { get; set; }

    /// <summary>When every sink had answered.</summary>
    public Timestamp HandedOver { get; set; }

    public Timestamp ValidUntil { get; set; }

    public Validity Validity { get; set; }

    public DegradedReasons Reasons { get; set; }

    /// <summary>How many manoeuvres were imagined: the rung.</summary>
    public int Manoeuvres { get; set; }

    public CameraUse[] Cameras { get; }

    /// <summary>Capture stamp of the newest in/ego that had arrived at dispatch, as the vehicle wrote it; null when there was none.</summary>
    public Timestamp? NewestEgoStamp { get; set; }

    /// <summary>How long that sample had been here at dispatch.</summary>
    public TimeSpan EgoHeld { get; set; }

    public EgoOrigin EgoOrigin { get; set; }

    public PlanOrigin Given { get; set; }

    /// <summary>Speed (m/s), yaw rate (rad/s), acceleration (m/s2) at the reference time.</summary>
    public float Speed { get; set; }

    public float YawRate { get; set; }

    public float Acceleration { get; set; }

    // ---- scene ----
    /// <summary>[K] Where manoeuvre 0 takes the ego, in the ego frame of now.</summary>
    public Pose2[] EgoPath { get; }

    /// <summary>[1 + K, classes, X, Y] calibrated probability x 255; index 0 is now.</summary>
    public byte[] Occupancy { get; }

    /// <summary>[K] Mean absolute change of the occupancy probability (any class) against now; 0 to 1.</summary>
    public float[] PredictedChange { get; }

    /// <summary>[K] Mean binary entropy of the occupancy in bits over cells above 1 % now or then; 0 to 1.</summary>
    public float[] Uncertainty { get; }

    /// <summary>[K] 1 - error of the forecast made a horizon ago for now / error of persistence, rolling; NaN until there is one.</summary>
    public float[] RollingSkill { get; }

    /// <summary>What was forecast for now against what came, as of the newest tick that was looked back from.</summary>
    public SurpriseReading Surprise { get; }

    /// <summary>The edge of surprise that this forecast brings: its event is to be published and not to be lost.</summary>
    public AlarmEdge SurpriseEdge { get; set; }

    /// <summary>The event that stands, or has just fallen; null when there is none.</summary>
    public SurpriseEvent? SurpriseEvent { get; set; }

    /// <summary>What the episodic memory says of this scene.</summary>
    public SeenBefore SeenBefore { get; set; } = SeenBefore.Nothing(SeenBeforeGap.Off, isNew: false);

    /// <summary>The edge of a new scene that this forecast brings: its event is to be published and not to be lost.</summary>
    public AlarmEdge NoveltyEdge { get; set; }

    /// <summary>The new scene that stands, or is known again; null when there is none.</summary>
    public NoveltyEvent? NoveltyEvent { get; set; }

    /// <summary>Scenes in the memory, and those that were not kept beyond the process.</summary>
    public (int Kept, long Dropped) Episodes { get; set; }

    // ---- risk and plan ----
    /// <summary>[A, K] calibrated, cumulative and monotone; the first Manoeuvres rows, in the order of <see cref="CandidateIndex"/>.</summary>
    public float[] Probability { get; }

    /// <summary>[K] for manoeuvre 0.</summary>
    public float[] UpperBound { get; }

    public BoundGuarantee Guarantee { get; set; }

    public RiskLevel Level { get; set; }

    /// <summary>The alarm that stands now; null when none does.</summary>
    public AlarmEvent? Alarm { get; set; }

    /// <summary>The edge that this forecast is: its event is to be published and not to be lost.</summary>
    public AlarmEdge Edge { get; set; }

    /// <summary>Seconds to the expected collision under manoeuvre 0; NaN when it is not likely within the last horizon.</summary>
    public float TimeToCollisionS { get; set; }

    /// <summary>Where the hazard is.</summary>
    public Sector Sector { get; set; }

    /// <summary>Index of the camera that sees the hazard best; -1 when there is no hazard to see.</summary>
    public int HazardCamera { get; set; }

    /// <summary>[A, K, 2] acceleration, curvature.</summary>
    public float[] Controls { get; }

    /// <summary>[A] Root mean square of total acceleration, m/s2: smaller is more comfortable.</summary>
    public float[] Comfort { get; }

    /// <summary>[A] Metres along the path within the last horizon.</summary>
    public float[] Progress { get; }

    /// <summary>[A] False where the controls lie outside what the model was trained on.</summary>
    public bool[] InSupport { get; }

    /// <summary>[A] Indices of manoeuvres, best first; the first Manoeuvres entries.</summary>
    public int[] Ranking { get; }

    /// <summary>Probability by which the best beats the second, at the level horizon.</summary>
    public float Margin { get; set; }

    /// <summary>True where the margin is within the noise: then there is no best.</summary>
    public bool Tie { get; set; }

    /// <summary>Index in the manifest's candidates of each row.</summary>
    public int[] CandidateIndex { get; } = new int[64];

    // ---- account ----
    public StageTimes Times { get; } = new();
}

/// <summary>x forward, y left (m), yaw left (rad).</summary>
public readonly record struct Pose2(float X, float Y, float Yaw);

/// <summary>What became of one camera in a frame set.</summary>
/// <param name="FrameNumber">Of the frame used; -1 when missing.</param>
public readonly record struct CameraUse(bool Used, long FrameNumber, Timestamp CaptureTime, MissingReason Missing);

public enum MissingReason
{
    None,
    NoFrame,
    Lost,
    Frozen,
    Black,
    OutOfTolerance,

    /// <summary>It delivers, and was left out because there was no time for it.</summary>
    Shed,
}

public enum Validity
{
    Unspecified,
    Valid,
    Degraded,
    Stale,
    Invalid,
}

/// <summary>Why a forecast is degraded; several can hold.</summary>
[Flags]
public enum DegradedReasons
{
    None = 0,
    WarmingUp = 1 << 0,
    CalibrationAssumed = 1 << 1,
    CaptureTimeUnverified = 1 << 2,
    CameraMissing = 1 << 3,
    CameraFrozen = 1 << 4,
    CameraBlack = 1 << 5,
    EgoEstimated = 1 << 6,
    FewerManoeuvres = 1 << 7,
    DeadlineMissed = 1 << 8,

    /// <summary>The scene does what was not forecast.</summary>
    Surprised = 1 << 9,

    /// <summary>Nothing like this scene is in the episodic memory.</summary>
    NewScene = 1 << 10,

    /// <summary>Cameras were left out because there was no time for them.</summary>
    CamerasShed = 1 << 11,
}

public enum EgoOrigin
{
    Unspecified,
    Measured,
    Extrapolated,
    Estimated,
}

public enum PlanOrigin
{
    Unspecified,
    Plan,
    Keep,
}

public enum BoundGuarantee
{
    Unspecified,
    Holds,
    Suspended,
    NotEstablished,
}
