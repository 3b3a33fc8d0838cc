using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Where scenes outlive the process. A vehicle's journey asks it once for what was kept, and hands it each new scene; writing is its own
/// business, on a thread of its own.
/// </summary>
public interface IEpisodicMemory : IDisposable
{
    /// <summary>How many scenes it keeps at most: the slots of <see cref="Keep"/>.</summary>
    int Capacity { get; }

    /// <summary>Scenes that were not kept beyond the process, since too many waited or could not be written; may be read at any time.</summary>
    long Dropped { get; }

    /// <summary>What is kept, after all that was handed over has been written. Called before a journey begins.</summary>
    IReadOnlyList<Episode> Recall();

    /// <summary>
    /// Takes a scene into a slot, in place of what was there. The descriptor is borrowed for the call. Never blocks: false where too many
    /// wait to be written, and then this one is not kept beyond the process.
    /// </summary>
    bool Keep(int slot, in EpisodeFacts facts, ReadOnlySpan<float> descriptor);
}

/// <summary>A scene that was kept.</summary>
/// <param name="Slot">From 0 to the capacity.</param>
/// <param name="Age">Counts up from scene to scene: the least is the oldest.</param>
/// <param name="Descriptor">[E].</param>
public sealed record Episode(int Slot, long Age, EpisodeFacts Facts, float[] Descriptor);

/// <summary>Where a scene was and what followed it.</summary>
/// <param name="Drive">The recording's name, or the run's.</param>
/// <param name="Moment">Its reference time, on that drive's clock.</param>
/// <param name="RiskPeak">The greatest calibrated risk at the levels' horizon within the next 3 s.</param>
/// <param name="RiskEvent">Whether an alarm rose in them.</param>
public readonly record struct EpisodeFacts(string Drive, Timestamp Moment, float RiskPeak, bool RiskEvent);
