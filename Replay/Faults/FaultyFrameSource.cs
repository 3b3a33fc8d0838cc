using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Faults;

/// <summary>A camera that goes wrong on purpose. The real one is read on meanwhile, so that it is where it would be when the fault ends.</summary>
/// <param name="seed">Which frames a random fault hits: the same in every run.</param>
internal sealed class FaultyFrameSource(IFrameSource source, FaultSchedule schedule, int seed) : IFrameSource
{
    private readonly Random _random = new(seed);
    private readonly bool _keepsPictures = schedule.Has(FaultKind.Frozen);
    private byte[]? _picture;
    private PictureContent _content;
    private Timestamp? _sound;
    private Timestamp? _passed;

    public string Camera => source.Camera;

    public GrabResult Grab()
    {
        while (true)
        {
            schedule.Hang();
            if (schedule.Holds(FaultKind.Crashed))
            {
                throw new InvalidOperationException("injected: the camera's driver broke");
            }

            var grabbed = source.Grab();
            if (grabbed.Status != GrabStatus.Frame)
            {
                return grabbed;
            }

            if (TooSoon(grabbed.CaptureTime))
            {
                continue;
            }

            _passed = grabbed.CaptureTime;
            return Broken() ?? grabbed with { CaptureTime = Stamp(grabbed.CaptureTime) };
        }
    }

    public PictureContent Prepare(Span<byte> modelPicture)
    {
        if (schedule.Holds(FaultKind.Frozen) && _picture is not null)
        {
            _picture.CopyTo(modelPicture);
            return _content;
        }

        if (schedule.Holds(FaultKind.Black))
        {
            modelPicture.Clear();
            return PictureMeasure.Of(modelPicture);
        }

        var content = source.Prepare(modelPicture);
        if (_keepsPictures)
        {
            _picture ??= new byte[modelPicture.Length];
            modelPicture.CopyTo(_picture);
            _content = content;
        }

        return content;
    }

    public void Interrupt() => source.Interrupt();

    public void Dispose() => source.Dispose();

    /// <summary>A twentieth of the period early still counts as in time: cameras are not even.</summary>
    private bool TooSoon(Timestamp capture) =>
        schedule.Now(FaultKind.Rate) is { } rate && _passed is { } passed && capture > passed && capture.SecondsSince(passed) < 0.95 / rate.Value;

    private GrabResult? Broken()
    {
        if (schedule.Holds(FaultKind.Unplugged))
        {
            return new GrabResult(GrabStatus.Lost, default, default, "injected: unplugged");
        }

        if (schedule.Now(FaultKind.Half) is { } half && _random.NextDouble() < half.Value)
        {
            return new GrabResult(GrabStatus.Damaged, default, default, "injected: the picture was cut short");
        }

        return schedule.Holds(FaultKind.Size)
            ? new GrabResult(GrabStatus.Damaged, default, default, "injected: a picture of another size than the rig's")
            : null;
    }

    private Timestamp Stamp(Timestamp capture)
    {
        if (schedule.Holds(FaultKind.Repeat))
        {
            return _sound ??= capture;
        }

        if (schedule.Holds(FaultKind.Back))
        {
            _sound ??= capture;
            return _sound.Value - (capture - _sound.Value);
        }

        _sound = capture;
        var off = schedule.Now(FaultKind.Jump)?.Value ?? 0;
        if (schedule.Now(FaultKind.Jitter) is { } jitter)
        {
            off += jitter.Value * ((2 * _random.NextDouble()) - 1);
        }

        return capture + TimeSpan.FromSeconds(off);
    }
}
