using System.Diagnostics;
using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>
/// One camera of a recording: its frames in order, with the drive's capture and arrival times, as fast as they are asked for; when to ask
/// is the replay's business. A video that ends before its table does says so once, as a camera lost, and has then ended. Nothing is allocated a frame.
/// </summary>
public sealed unsafe class RecordedFrameSource : IFrameSource
{
    private readonly RecordedCamera _camera;
    private readonly PicturePreparer _preparer;
    private readonly PictureReader _reader;
    private readonly byte[] _picture;
    private volatile bool _interrupted;
    private bool _pictureThere;
    private bool _over;
    private int _next;

    /// <exception cref="UnusableInputException">The pictures cannot be read.</exception>
    public RecordedFrameSource(RecordedCamera camera, int widthPx, int heightPx)
    {
        _camera = camera;
        _reader = camera.OpenPictures();
        _preparer = new PicturePreparer(camera.Calibration, widthPx, heightPx);
        _picture = GC.AllocateUninitializedArray<byte>(camera.Calibration.WidthPx * camera.Calibration.HeightPx * 3, pinned: true);
    }

    public string Camera => _camera.Calibration.Name;

    public GrabResult Grab()
    {
        _pictureThere = false;
        if (_interrupted || _over || _next == _camera.Frames.Count)
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        var times = _camera.Frames[_next];
        _next++;
        var started = Stopwatch.GetTimestamp();
        var code = _reader.Grab(out _);
        if (code != CvCode.Ok)
        {
            _over = true;
            return new GrabResult(
                GrabStatus.Lost, times.CaptureTime, times.ArrivalTime,
                $"{Camera}: {_camera.Where} ends after {_next - 1} of {_camera.Frames.Count} frames: it is cut short");
        }

        var (width, height) = (_camera.Calibration.WidthPx, _camera.Calibration.HeightPx);
        int gotWidth, gotHeight;
        fixed (byte* into = _picture)
        {
            code = _reader.Retrieve(into, width, height, out gotWidth, out gotHeight);
        }

        var decodeNs = Stopwatch.GetElapsedTime(started).Ticks * TimeSpan.NanosecondsPerTick;
        _pictureThere = code == CvCode.Ok;
        return _pictureThere
            ? new GrabResult(GrabStatus.Frame, times.CaptureTime, times.ArrivalTime, null, decodeNs)
            : new GrabResult(
                GrabStatus.Damaged, times.CaptureTime, times.ArrivalTime,
                $"{Camera}: frame {_next - 1} of {_camera.Where}: {Faults.Of(code, width, height, gotWidth, gotHeight)}");
    }

    public PictureContent Prepare(Span<byte> modelPicture) =>
        _pictureThere ? _preparer.Prepare(_picture, modelPicture) : throw new InvalidOperationException($"Camera {Camera}: no picture was grabbed.");

    public void Interrupt() => _interrupted = true;

    public void Dispose()
    {
        _reader.Dispose();
        _preparer.Dispose();
    }
}
