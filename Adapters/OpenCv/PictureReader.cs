using System.Text;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.OpenCv;

/// <summary>Something that pictures are read from, one after the other, by one thread at a time. Reading allocates nothing.</summary>
internal abstract unsafe class PictureReader : IDisposable
{
    /// <summary>Moves on to the next picture; waits for it where it is live.</summary>
    /// <param name="positionMs">What OpenCV knows of its time: a driver's stamp, or the time within a stream; negative when nothing.</param>
    public abstract CvCode Grab(out double positionMs);

    /// <summary>Decodes the picture grabbed last into uint8 [height, width, 3]; another size is <see cref="CvCode.WrongSize"/>, said in got.</summary>
    public abstract CvCode Retrieve(byte* into, int width, int height, out int gotWidth, out int gotHeight);

    public abstract void Dispose();
}

/// <summary>A device, stream, pipeline or video file through cv::VideoCapture.</summary>
internal sealed unsafe class VideoReader : PictureReader
{
    private readonly CaptureHandle _capture;

    private VideoReader(CaptureHandle capture, VideoFacts facts)
    {
        _capture = capture;
        Facts = facts;
    }

    public VideoFacts Facts { get; }

    /// <summary>Null when OpenCV could not open it; it does not say why.</summary>
    public static VideoReader? Open(CameraSource source, CameraCalibration camera, TimeSpan openTimeout, TimeSpan readTimeout)
    {
        var kind = source.Kind switch
        {
            CameraSourceKind.Device => 0,
            CameraSourceKind.Stream => 1,
            CameraSourceKind.GStreamer => 2,
            _ => 3,
        };
        return Open(kind, source.Address, source.DeviceIndex, camera.WidthPx, camera.HeightPx, camera.RateHz, openTimeout, readTimeout);
    }

    public static VideoReader? OpenFile(string path) => Open(3, Path.GetFullPath(path), -1, 0, 0, 0, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

    public override CvCode Grab(out double positionMs) => OpenCvLibrary.Grab(_capture, out positionMs);

    public override CvCode Retrieve(byte* into, int width, int height, out int gotWidth, out int gotHeight) =>
        OpenCvLibrary.Retrieve(_capture, into, width, height, out gotWidth, out gotHeight);

    public override void Dispose() => _capture.Dispose();

    private static VideoReader? Open(
        int kind, string address, int device, int width, int height, double rate, TimeSpan openTimeout, TimeSpan readTimeout)
    {
        var code = OpenCvLibrary.Open(
            kind, address, device, width, height, rate, (int)openTimeout.TotalMilliseconds, (int)readTimeout.TotalMilliseconds, out var capture);
        if (code != CvCode.Ok)
        {
            capture.Dispose();
            return null;
        }

        OpenCvLibrary.Facts(capture, out var gotWidth, out var gotHeight, out var gotRate, out var frames);
        return new VideoReader(capture, new VideoFacts(gotWidth, gotHeight, gotRate, frames > 0 ? (long)frames : 0));
    }
}

/// <summary>What a container says of its video; frames 0 when it does not know.</summary>
internal readonly record struct VideoFacts(int WidthPx, int HeightPx, double RateHz, long Frames);

/// <summary>JPEG and PNG files in a given order, each looked at for its signature and its end before it is decoded.</summary>
internal sealed unsafe class PictureFileReader : PictureReader
{
    private readonly byte[][] _paths;
    private readonly double _periodMs;
    private int _next;

    /// <param name="rateHz">Gives the pictures positions in time.</param>
    public PictureFileReader(IReadOnlyList<string> paths, double rateHz)
    {
        _paths = new byte[paths.Count][];
        for (var i = 0; i < _paths.Length; i++)
        {
            _paths[i] = Encoding.UTF8.GetBytes(paths[i] + "\0"); // C strings, made once
        }

        _periodMs = 1000 / rateHz;
    }

    public override CvCode Grab(out double positionMs)
    {
        positionMs = _next * _periodMs;
        if (_next == _paths.Length)
        {
            return CvCode.Ended;
        }

        _next++;
        return CvCode.Ok;
    }

    public override CvCode Retrieve(byte* into, int width, int height, out int gotWidth, out int gotHeight)
    {
        fixed (byte* path = _paths[_next - 1])
        {
            return OpenCvLibrary.ReadFile(path, into, width, height, out gotWidth, out gotHeight);
        }
    }

    public override void Dispose()
    {
    }
}
