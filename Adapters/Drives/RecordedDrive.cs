using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

public enum DriveFormat
{
    /// <summary>Our own folder, <c>forecast.drive/1</c>.</summary>
    DriveFolder,

    /// <summary>One video file and a rig, usually assumed.</summary>
    Video,

    /// <summary>A scene of TRI's Dataset Governance Policy: pictures, calibration and poses.</summary>
    DgpScene,

    /// <summary>A recording of this program, in MCAP: its pictures are prepared already.</summary>
    Recording,
}

/// <summary>What a sample drive says should come of it.</summary>
/// <param name="ClosestMoment">Since the drive's start; null when nothing comes close.</param>
public sealed record DriveExpectation(bool RiskEvent, TimeSpan? ClosestMoment);

/// <summary>A recording: its rig, when every frame was taken and arrived, and what the vehicle knew of itself. Pictures are read when a source asks.</summary>
public sealed record RecordedDrive
{
    /// <summary>How long after capture a sample arrived, where the log does not say.</summary>
    public static readonly TimeSpan StatedDelay = TimeSpan.FromMilliseconds(20);

    public required string Name { get; init; }

    public required string Path { get; init; }

    public required DriveFormat Format { get; init; }

    public required Rig Rig { get; init; }

    /// <summary>What a model's calibration domain is compared with: "forecast-sim/1" for our simulated drives, "real" otherwise.</summary>
    public required string Domain { get; init; }

    /// <summary>"calm", "near_miss" or "collision_course" of our samples; empty when nobody said.</summary>
    public string Kind { get; init; } = "";

    public DriveExpectation? Expected { get; init; }

    /// <summary>Where everybody around was, tick by tick (<see cref="DriveLabels"/>); null: nobody knows.</summary>
    public string? LabelsPath { get; init; }

    /// <summary>One for each camera of the rig, in its order.</summary>
    public required IReadOnlyList<RecordedCamera> Cameras { get; init; }

    /// <summary>In the order of arrival; empty when there is no log.</summary>
    public IReadOnlyList<EgoSample> Ego { get; init; } = [];

    /// <summary>In the order of arrival.</summary>
    public IReadOnlyList<PlanSample> Plans { get; init; } = [];

    /// <summary>What had to be assumed to read it, in sentences for people.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    public bool CalibrationAssumed => Rig.CalibrationAssumed;

    /// <summary>The first and last capture time of any camera.</summary>
    public Timestamp Start => Cameras.Min(c => c.Frames[0].CaptureTime);

    public Timestamp End => Cameras.Max(c => c.Frames[^1].CaptureTime);

    public TimeSpan Duration => End - Start;

    /// <summary>A source of one camera's frames in order, as fast as it is asked.</summary>
    /// <param name="widthPx">Width and height of the model's picture.</param>
    public IFrameSource OpenCamera(int camera, int widthPx, int heightPx) => Cameras[camera].Open(widthPx, heightPx);
}

/// <summary>When a recorded frame was taken and when it was there, on the drive's clock.</summary>
public readonly record struct FrameMoment(Timestamp CaptureTime, Timestamp ArrivalTime);

/// <summary>One camera of a recording.</summary>
public sealed class RecordedCamera
{
    private readonly Func<PictureReader>? _open;
    private readonly Func<int, int, IFrameSource>? _openPrepared;

    internal RecordedCamera(CameraCalibration calibration, IReadOnlyList<FrameMoment> frames, string where, Func<PictureReader> open)
    {
        (Calibration, Frames, Where, _open) = (calibration, frames, where, open);
    }

    private RecordedCamera(CameraCalibration calibration, IReadOnlyList<FrameMoment> frames, string where, Func<int, int, IFrameSource> openPrepared)
    {
        (Calibration, Frames, Where, _openPrepared) = (calibration, frames, where, openPrepared);
    }

    public CameraCalibration Calibration { get; }

    /// <summary>All frames in the order of the video; at least one.</summary>
    public IReadOnlyList<FrameMoment> Frames { get; }

    /// <summary>The file or folder of its pictures.</summary>
    public string Where { get; }

    /// <summary>A camera whose pictures were prepared when they were recorded.</summary>
    /// <param name="open">A source of them, for a model's picture of this width and height.</param>
    public static RecordedCamera OfPrepared(CameraCalibration calibration, IReadOnlyList<FrameMoment> frames, string where, Func<int, int, IFrameSource> open) =>
        new(calibration, frames, where, open);

    internal IFrameSource Open(int widthPx, int heightPx) => _openPrepared?.Invoke(widthPx, heightPx) ?? new RecordedFrameSource(this, widthPx, heightPx);

    /// <exception cref="UnusableInputException">The pictures are no longer there, or cannot be read.</exception>
    internal PictureReader OpenPictures() => _open?.Invoke() ?? throw new UnusableInputException($"{Where}: its pictures are prepared for one model's size, and cannot be prepared again");
}
