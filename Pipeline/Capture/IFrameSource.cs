using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Capture;

/// <summary>
/// One camera, live or recorded. The camera's own thread calls <see cref="Grab"/> and <see cref="Prepare"/> in turn, nobody else;
/// <see cref="Interrupt"/> may come from any thread and makes a waiting Grab return.
/// </summary>
public interface IFrameSource : IDisposable
{
    /// <summary>The camera's name in the rig.</summary>
    string Camera { get; }

    /// <summary>Waits for the next frame and decodes it into the source's own full-size buffer, which never leaves it.</summary>
    GrabResult Grab();

    /// <summary>Writes the last grabbed picture, undistorted, cropped and resized, into <paramref name="modelPicture"/> (uint8 [height, width, 3], BGR).</summary>
    PictureContent Prepare(Span<byte> modelPicture);

    void Interrupt();
}

/// <param name="CaptureTime">On the rig's clock, latency subtracted; meaningful for <see cref="GrabStatus.Frame"/> only.</param>
/// <param name="Detail">What went wrong, for people; null when nothing did.</param>
/// <param name="DecodeNs">What decoding took without the waiting, nanoseconds; 0 where the source cannot tell.</param>
public readonly record struct GrabResult(GrabStatus Status, Timestamp CaptureTime, Timestamp ArrivalTime, string? Detail, long DecodeNs = 0);

public enum GrabStatus
{
    /// <summary>A picture is there.</summary>
    Frame,

    /// <summary>A picture came, damaged or of the wrong size: dropped, counted, go on.</summary>
    Damaged,

    /// <summary>The camera went away; the source tries again by itself with back-off, and Grab may be called again at once.</summary>
    Lost,

    /// <summary>The recording is over, or the source was interrupted: no further frame will come.</summary>
    Ended,
}
