using System.Diagnostics;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.OpenCv;

/// <summary>
/// One connection to a camera, on a thread of its own, because some native calls never return (a dead GStreamer pipeline, a FIFO nobody
/// writes to): the owner can then walk away. Thread and picture stay with the call until it comes back, if it does, and go with it.
/// The owner asks with <see cref="Open"/> and <see cref="Read"/> and is woken when it <see cref="IsDone"/>.
/// </summary>
internal sealed unsafe class CaptureSession
{
    private readonly CameraSource _source;
    private readonly CameraCalibration _camera;
    private readonly OpenCvCaptureOptions _options;
    private readonly RigClock _clock;
    private readonly AutoResetEvent _wake;
    private readonly AutoResetEvent _asked = new(false);
    private readonly byte[] _picture;
    private PictureReader? _reader;
    private volatile bool _done;
    private volatile bool _closing;

    public CaptureSession(CameraSource source, CameraCalibration camera, OpenCvCaptureOptions options, RigClock clock, AutoResetEvent wake)
    {
        (_source, _camera, _options, _clock, _wake) = (source, camera, options, clock, wake);
        _picture = GC.AllocateUninitializedArray<byte>(camera.WidthPx * camera.HeightPx * 3, pinned: true);
    }

    public bool IsDone => _done;

    /// <summary>Of the last call; to be read once it is done, like all below.</summary>
    public CvCode Code { get; private set; }

    public double PositionMs { get; private set; }

    /// <summary>When the picture had been grabbed, and when it had been decoded.</summary>
    public Timestamp Grabbed { get; private set; }

    public Timestamp Decoded { get; private set; }

    /// <summary>What decoding took, as far as it is apart from the waiting: FFmpeg decodes while it grabs.</summary>
    public long DecodeNs { get; private set; }

    public int GotWidth { get; private set; }

    public int GotHeight { get; private set; }

    /// <summary>The full picture, uint8 [height, width, 3]; the session writes it only between an ask and its end.</summary>
    public ReadOnlySpan<byte> Picture => _picture;

    public void Open() => new Thread(Work) { IsBackground = true, Name = $"capture {_camera.Name}" }.Start();

    public void Read()
    {
        _done = false;
        _asked.Set();
    }

    /// <summary>The thread ends, and closes the connection, as soon as it is back from what it does.</summary>
    public void Close()
    {
        _closing = true;
        _asked.Set();
    }

    private void Work()
    {
        try
        {
            Code = Connect();
            Finish();
            while (_asked.WaitOne() && !_closing)
            {
                Code = ReadNext();
                Finish();
            }
        }
        finally
        {
            _reader?.Dispose();
        }
    }

    private void Finish()
    {
        _done = true;
        if (!_closing)
        {
            _wake.Set();
        }
    }

    private CvCode Connect()
    {
        if (_source.Kind == CameraSourceKind.Images)
        {
            return ListPictures();
        }

        if (_source.Kind == CameraSourceKind.File && !File.Exists(_source.Address))
        {
            return CvCode.NoSuchFile;
        }

        _reader = VideoReader.Open(_source, _camera, _options.OpenTimeout, _options.ReadTimeout);
        return _reader is null ? CvCode.CannotOpen : CvCode.Ok;
    }

    private CvCode ListPictures()
    {
        try
        {
            var paths = PicturePattern.Expand(_source.Address);
            _reader = new PictureFileReader(paths, _camera.RateHz);
            return paths.Count > 0 ? CvCode.Ok : CvCode.NoSuchFile;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return CvCode.NoSuchFile; // a folder that went away, or must not be read
        }
    }

    private CvCode ReadNext()
    {
        var code = _reader!.Grab(out var position);
        Grabbed = _clock.Now;
        PositionMs = position;
        if (code == CvCode.Ok)
        {
            var started = Stopwatch.GetTimestamp();
            fixed (byte* into = _picture)
            {
                code = _reader.Retrieve(into, _camera.WidthPx, _camera.HeightPx, out var width, out var height);
                (GotWidth, GotHeight) = (width, height);
            }

            DecodeNs = Stopwatch.GetElapsedTime(started).Ticks * TimeSpan.NanosecondsPerTick;
        }

        Decoded = _clock.Now;
        return code;
    }
}
