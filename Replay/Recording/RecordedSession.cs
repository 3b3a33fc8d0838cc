using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Replay.Recording;

/// <summary>What a run was made of; stands in each of its files, as session.json and rig.json.</summary>
public sealed record RecordedSession
{
    public const string Schema = "forecast.recording/1";

    /// <summary>Of the run, or of the drive that it played.</summary>
    public required string Name { get; init; }

    public required string Vehicle { get; init; }

    public required Guid Session { get; init; }

    /// <summary>"live", "replay" or "demo".</summary>
    public required string Source { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Software { get; init; }

    public required string ModelName { get; init; }

    public required string ModelVersion { get; init; }

    public required string ModelSha256 { get; init; }

    /// <summary>Of the rig's calibration file; null: the model's own figures.</summary>
    public string? CalibrationSha256 { get; init; }

    /// <summary>"cpu" or "cuda:0".</summary>
    public required string Provider { get; init; }

    public required int IntraOpThreads { get; init; }

    /// <summary>What of the processor the result's last bits depend on.</summary>
    public required string InstructionSet { get; init; }

    public required string ConfigSha256 { get; init; }

    /// <summary>What the source claims to be, for the upper bound's guarantee; null for a real rig.</summary>
    public string? Domain { get; init; }

    public required TimeSpan Budget { get; init; }

    /// <summary>At the highest rung.</summary>
    public required int Manoeuvres { get; init; }

    /// <summary>The episodic memory was on: what it held before is not in the recording.</summary>
    public bool Memory { get; init; }

    /// <summary>Faults that were made on purpose.</summary>
    public IReadOnlyList<string> Injected { get; init; } = [];

    public required IReadOnlyList<Rung> Rungs { get; init; }

    /// <summary>First estimates, one a rung.</summary>
    public required IReadOnlyList<TimeSpan> Costs { get; init; }

    public required TimeSpan PublishingCost { get; init; }

    /// <summary>The model's picture.</summary>
    public required int WidthPx { get; init; }

    public required int HeightPx { get; init; }

    public required Timestamp Start { get; init; }

    public required Rig Rig { get; init; }
}
