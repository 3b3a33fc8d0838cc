using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Telemetry;

/// <summary>How long each stage took over the last window, filled once a second into the same object; borrowed for the call.</summary>
public sealed class LatencyReport
{
    public Timestamp Time { get; set; }

    public TimeSpan Window { get; set; }

    /// <summary>From the capture time of the oldest frame used to the deadline.</summary>
    public TimeSpan Budget { get; set; }

    /// <summary>From the capture time of the oldest frame used to handing over.</summary>
    public LatencyFigures CaptureToPublish { get; set; } = LatencyFigures.None;

    /// <summary>By <see cref="Stage"/>.</summary>
    public LatencyFigures[] Stages { get; } = [.. Enumerable.Repeat(LatencyFigures.None, StageTimes.Count)];

    /// <summary>The stage with the greatest p99; null where nothing was measured.</summary>
    public Stage? CriticalStage { get; set; }

    /// <summary>Index of the camera that was most often the last to be ready; -1 where nothing was measured.</summary>
    public int CriticalCamera { get; set; } = -1;
}

/// <summary>Quantiles in milliseconds; NaN where nothing was measured.</summary>
public readonly record struct LatencyFigures(long Count, double P50Ms, double P95Ms, double P99Ms, double MaxMs)
{
    public static LatencyFigures None { get; } = new(0, double.NaN, double.NaN, double.NaN, double.NaN);
}
