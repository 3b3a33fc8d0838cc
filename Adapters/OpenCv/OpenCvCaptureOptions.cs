namespace Forecast.Adapters.OpenCv;

/// <summary>How patient a live camera is.</summary>
public sealed record OpenCvCaptureOptions
{
    /// <summary>A network camera must answer within this; 5 s, 0.1 to 60 s.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A network camera silent for this long is lost; 2 s, 0.1 to 60 s.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A native call that is not back after this hangs, and is left to itself; 8 s, longer than the other two.</summary>
    public TimeSpan HangAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The wait before the second attempt; it doubles up to <see cref="LongestRetry"/>; 200 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>5 s.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(5);
}
