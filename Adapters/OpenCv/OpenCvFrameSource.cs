using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.OpenCv;

/// <summary>
/// A camera through OpenCV: device, network stream, GStreamer pipeline, or a file or folder of pictures played at its own rate. A live one
/// that goes away is tried again with back-off for ever; a file ends. A native call that hangs is left behind, named in
/// <see cref="GrabResult.Detail"/>, and a new connection is tried. Nothing is allocated a frame.
/// H.264 and H.265 streams come one frame later for each core beyond the first (OpenCV 4.6 has FFmpeg decode frames in parallel, and no setting
/// stops it): state that as the camera's latency, or take motion JPEG, or a pipeline with <c>avdec_h264 max-threads=1</c>.
/// </summary>
public sealed class OpenCvFrameSource : IFrameSource
{
    private const string NoDriverStamp = "its stamps are unusable, so frames are stamped on arrival";

    private readonly CameraCalibration _camera;
    private readonly CameraSource _source;
    private readonly OpenCvCaptureOptions _options;
    private readonly RigClock _clock;
    private readonly PicturePreparer _preparer;
    private readonly CaptureStamper _stamper;
    private readonly Backoff _backoff;
    private readonly AutoResetEvent _wake = new(false);
    private readonly ITimer _timer;
    private volatile bool _interrupted;
    private CaptureSession? _session;
    private bool _pictureThere;
    private Timestamp _retryAt;
    private Timestamp? _fileStart;
    private string? _damage;
    private (CvCode Code, int Width, int Height) _damageSaid;

    /// <param name="camera">As the rig has it; pictures of another size are damaged.</param>
    /// <param name="widthPx">Width and height of the model's picture.</param>
    public OpenCvFrameSource(
        CameraCalibration camera, CameraSource source, int widthPx, int heightPx, RigClock clock, OpenCvCaptureOptions? options = null)
    {
        _camera = camera;
        _source = source;
        _clock = clock;
        _options = options ?? new OpenCvCaptureOptions();
        _preparer = new PicturePreparer(camera, widthPx, heightPx);
        _stamper = new CaptureStamper(camera.Stamp, source.Kind, clock);
        _backoff = new Backoff(_options.FirstRetry, _options.LongestRetry, Random.Shared);
        _retryAt = clock.Now;
        _timer = clock.Provider.CreateTimer(static wake => ((AutoResetEvent)wake!).Set(), _wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string Camera => _camera.Name;

    /// <summary>False where the stamps promised by the rig are not there: capture times are then arrivals less the stated latency.</summary>
    public bool StampsAsPromised => !_stamper.FellBack;

    /// <summary>Native calls that hung and have not been seen again.</summary>
    public int CallsLeftHanging { get; private set; }

    public GrabResult Grab()
    {
        _pictureThere = false;
        if (_session is null)
        {
            var problem = Connect();
            if (problem is not null || _session is null)
            {
                return _interrupted ? Result(GrabStatus.Ended) : Lose(problem);
            }
        }

        _session.Read();
        if (!Await(_session))
        {
            return _interrupted ? Result(GrabStatus.Ended) : Lose(LeaveHanging("a read"));
        }

        return _session.Code switch
        {
            CvCode.Ok => Deliver(_session),
            CvCode.Ended or CvCode.Broken when _source.IsLive => Lose("no more frames came: the camera or the connection went away"),
            CvCode.Ended or CvCode.Broken => Result(GrabStatus.Ended),
            _ => Result(GrabStatus.Damaged, Damage(_session)),
        };
    }

    public PictureContent Prepare(Span<byte> modelPicture) =>
        _pictureThere ? _preparer.Prepare(_session!.Picture, modelPicture) : throw new InvalidOperationException($"Camera {Camera}: no picture was grabbed.");

    public void Interrupt()
    {
        _interrupted = true;
        _wake.Set();
    }

    /// <summary>To be called when nobody is in <see cref="Grab"/> or <see cref="Prepare"/> any more.</summary>
    public void Dispose()
    {
        Interrupt();
        _session?.Close();
        _session = null;
        _timer.Dispose();
        _preparer.Dispose();
    }

    /// <returns>What went wrong, or null.</returns>
    private string? Connect()
    {
        if (!SleepUntil(_retryAt))
        {
            return null;
        }

        var session = new CaptureSession(_source, _camera, _options, _clock, _wake);
        session.Open();
        _stamper.Restart();
        _session = session;
        if (!Await(session))
        {
            return _interrupted ? null : LeaveHanging("opening it");
        }

        return session.Code switch
        {
            CvCode.Ok => null,
            CvCode.NoSuchFile => "there is no such file, or it cannot be read",
            _ => _source.Kind switch
            {
                CameraSourceKind.Stream => "it could not be reached, refused, or sent nothing that FFmpeg can read",
                CameraSourceKind.GStreamer => "the pipeline could not be started",
                CameraSourceKind.Device => "the device is missing, busy or no camera",
                _ => "it is no video that FFmpeg can read, or it is cut short",
            },
        };
    }

    private GrabResult Deliver(CaptureSession session)
    {
        _backoff.Reset();
        _pictureThere = true;
        if (!_source.IsLive)
        {
            return Play(session);
        }

        var captured = _stamper.Stamp(session.PositionMs, session.Grabbed);
        return new GrabResult(GrabStatus.Frame, captured, session.Decoded, _stamper.FellBack ? NoDriverStamp : null, session.DecodeNs);
    }

    // A file plays at its own rate: the frame is captured, and arrives, at its moment after the first.
    private GrabResult Play(CaptureSession session)
    {
        var position = TimeSpan.FromMilliseconds(Math.Max(0, session.PositionMs));
        _fileStart ??= session.Grabbed - position;
        var due = _fileStart.Value + position;
        return SleepUntil(due) ? new GrabResult(GrabStatus.Frame, due, _clock.Now, null, session.DecodeNs) : Result(GrabStatus.Ended);
    }

    private GrabResult Lose(string? problem)
    {
        _session?.Close();
        _session = null;
        var wait = _backoff.Next();
        _retryAt = _clock.Now + wait;
        return Result(GrabStatus.Lost, $"{Camera} ({_source}): {problem}; next attempt in {wait.TotalSeconds:0.0} s");
    }

    private string LeaveHanging(string call)
    {
        CallsLeftHanging++;
        return $"{call} hangs inside OpenCV for more than {_options.HangAfter.TotalSeconds:0.#} s and was left behind";
    }

    // The words are made anew only when the damage changes: a camera of the wrong size says so thirty times a second.
    private string Damage(CaptureSession session)
    {
        var damage = (session.Code, session.GotWidth, session.GotHeight);
        if (_damage is null || damage != _damageSaid)
        {
            _damage = $"{Camera} ({_source}): {Faults.Of(session.Code, _camera.WidthPx, _camera.HeightPx, session.GotWidth, session.GotHeight)}";
            _damageSaid = damage;
        }

        return _damage;
    }

    private GrabResult Result(GrabStatus status, string? detail = null) => new(status, default, _clock.Now, detail);

    /// <returns>False when it was interrupted or hangs.</returns>
    private bool Await(CaptureSession session)
    {
        var limit = _clock.Now + _options.HangAfter;
        _timer.Change(_options.HangAfter, Timeout.InfiniteTimeSpan);
        while (!session.IsDone)
        {
            if (_interrupted || _clock.Now >= limit)
            {
                return false;
            }

            _wake.WaitOne();
        }

        return true;
    }

    /// <returns>False when it was interrupted.</returns>
    private bool SleepUntil(Timestamp due)
    {
        while (!_interrupted)
        {
            var wait = due - _clock.Now;
            if (wait <= TimeSpan.Zero)
            {
                return true;
            }

            // Timers count in whole milliseconds and must not come early.
            _timer.Change(wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            _wake.WaitOne();
        }

        return false;
    }
}
