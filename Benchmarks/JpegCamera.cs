using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Benchmarks;

/// <summary>
/// A camera that delivers JPEG pictures from memory, one a period of its own clock from zero: decoding and preparation are real, the disk and the
/// container are left out. Used alike by the pipeline and by the bare loops that it is compared with.
/// </summary>
public sealed class JpegCamera : IFrameSource
{
    private readonly IReadOnlyList<byte[]> _pictures;
    private readonly CameraCalibration _calibration;
    private readonly PicturePreparer _preparer;
    private readonly byte[] _decoded;
    private readonly TimeSpan _period;
    private readonly int _count;
    private int _next;

    /// <param name="count">How many frames it delivers before it ends; the pictures are repeated.</param>
    public JpegCamera(CameraCalibration calibration, IReadOnlyList<byte[]> pictures, TimeSpan period, int count, int modelWidthPx, int modelHeightPx)
    {
        _calibration = calibration;
        _pictures = pictures;
        _period = period;
        _count = count;
        _preparer = new PicturePreparer(calibration, modelWidthPx, modelHeightPx);
        _decoded = GC.AllocateUninitializedArray<byte>(calibration.WidthPx * calibration.HeightPx * 3, pinned: true);
    }

    public string Camera => _calibration.Name;

    /// <summary>When each frame is there, on the camera's clock.</summary>
    public static List<Timestamp> Arrivals(TimeSpan period, int count) => [.. Enumerable.Range(0, count).Select(i => default(Timestamp) + (period * i))];

    public GrabResult Grab()
    {
        if (_next == _count)
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        var time = default(Timestamp) + (_period * _next);
        var picture = _pictures[_next++ % _pictures.Count];
        return PictureCodec.TryDecode(picture, _decoded, _calibration.WidthPx, _calibration.HeightPx, out var problem)
            ? new GrabResult(GrabStatus.Frame, time, time, null)
            : new GrabResult(GrabStatus.Damaged, time, time, problem);
    }

    public PictureContent Prepare(Span<byte> modelPicture) => _preparer.Prepare(_decoded, modelPicture);

    public void Interrupt()
    {
    }

    public void Dispose() => _preparer.Dispose();
}
