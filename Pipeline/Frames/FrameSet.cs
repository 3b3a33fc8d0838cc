using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Frames;

/// <summary>
/// The rig's frames of one tick. Owns their slots until <see cref="Release"/>. Reused: one is filled while another is under way.
/// </summary>
public sealed class FrameSet(int cameras)
{
    private readonly Frame[] _frames = new Frame[cameras];
    private readonly CameraUse[] _use = new CameraUse[cameras];

    public int Cameras => _frames.Length;

    /// <summary>Frame sets formed before this one.</summary>
    public long Tick { get; internal set; }

    /// <summary>
    /// Capture time of the oldest frame used, or its arrival where the stamp lies after that, which no picture does: the deadline counts from here, and a
    /// stamp from the future must not promise time that is not there.
    /// </summary>
    public Timestamp Oldest { get; internal set; }

    /// <summary>Capture time of the newest frame used: the forecast speaks of this moment.</summary>
    public Timestamp Reference { get; internal set; }

    public Timestamp LastArrival { get; internal set; }

    public Timestamp Formed { get; internal set; }

    public int Used { get; private set; }

    /// <summary>The clock that the cameras share jumped before this set: what was remembered no longer connects.</summary>
    public bool AfterJump { get; internal set; }

    /// <summary>A camera's stamps had jumped, and its capture time was taken back to the rig's time by when its frames arrive; or they lie in the future.</summary>
    public bool TakenBack { get; internal set; }

    public CameraUse Use(int camera) => _use[camera];

    /// <summary>The frame of a camera that is used; borrowed.</summary>
    public ref readonly Frame this[int camera] => ref _frames[camera];

    internal void Begin()
    {
        Used = 0;
        TakenBack = false;
        Array.Clear(_use);
    }

    internal void Add(int camera, in Frame frame)
    {
        _frames[camera] = frame;
        _use[camera] = new CameraUse(true, frame.Id.Number, frame.CaptureTime, MissingReason.None);
        var taken = frame.CaptureTime < frame.ArrivalTime ? frame.CaptureTime : frame.ArrivalTime;
        Oldest = Used == 0 || taken < Oldest ? taken : Oldest;
        Reference = Used == 0 || frame.CaptureTime > Reference ? frame.CaptureTime : Reference;
        LastArrival = Used == 0 || frame.ArrivalTime > LastArrival ? frame.ArrivalTime : LastArrival;
        Used++;
    }

    internal void Miss(int camera, MissingReason reason) => _use[camera] = new CameraUse(false, -1, default, reason);

    /// <summary>Goes on without this camera's frame, which is given back; the times are those of the frames that are left.</summary>
    internal void Shed(int camera)
    {
        _frames[camera].Lease.Release();
        Miss(camera, MissingReason.Shed);
        Used = 0;
        for (var other = 0; other < _frames.Length; other++)
        {
            if (_use[other].Used)
            {
                Add(other, _frames[other]);
            }
        }
    }

    /// <summary>Gives every slot back; further calls do nothing.</summary>
    public void Release()
    {
        for (var camera = 0; camera < _frames.Length; camera++)
        {
            if (_use[camera].Used)
            {
                _frames[camera].Lease.Release();
            }
        }
    }
}
