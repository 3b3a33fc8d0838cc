using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Risk;

/// <summary>Unknown is never low: it stands where nothing could be said.</summary>
public enum RiskLevel
{
    Unspecified,
    Unknown,
    Low,
    Elevated,
    High,
}

/// <summary>Where the hazard lies, seen from the ego.</summary>
public enum Sector
{
    Unspecified,
    None,
    Front,
    FrontLeft,
    FrontRight,
    Left,
    Right,
    Rear,
    RearLeft,
    RearRight,
}

/// <summary>An alarm from its rising to its falling edge.</summary>
/// <param name="Id">Unique within the session; the same on both edges and on every repetition.</param>
public sealed record AlarmEvent(Guid Id, Timestamp Risen)
{
    public float PeakProbability { get; set; }
}

public enum AlarmEdge
{
    None,
    Rising,
    Falling,
}
