using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.OpenCv;

/// <summary>
/// Gives frames their capture time as the rig states it: the driver's own stamp (V4L2, the machine's monotonic counter), a stream's
/// time stamps laid onto the rig's clock, or the arrival; each less the measured latency. A stamp that makes no sense is not used:
/// then arrival stands in and <see cref="FellBack"/> says so.
/// </summary>
internal sealed class CaptureStamper(StampQuality stamp, CameraSourceKind kind, RigClock clock)
{
    private static readonly TimeSpan OldestDriverStamp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ClockResolution = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FurthestStreamSlip = TimeSpan.FromSeconds(0.5);
    private const int SlipsBelieved = 2;
    private const double DriftPerSecond = 200e-6; // two oscillators differ by less: how fast the least delay seen is forgotten

    private readonly TimeSpan _latency = stamp.MeasuredLatency ?? TimeSpan.Zero;
    private bool _anchored;
    private double _offsetS; // arrival less position, the least seen: the frames that the network delayed least
    private double _lastPositionS;
    private Timestamp _origin;
    private int _slips;

    /// <summary>The stamps that the rig promised are not there, or nonsense.</summary>
    public bool FellBack { get; private set; }

    /// <summary>A new connection counts its time anew.</summary>
    public void Restart() => _anchored = false;

    /// <param name="positionMs">What OpenCV knew of the frame's time.</param>
    /// <param name="grabbed">When grabbing it returned.</param>
    public Timestamp Stamp(double positionMs, Timestamp grabbed) => stamp.Origin switch
    {
        StampOrigin.Driver when kind == CameraSourceKind.Device => FromDriver(positionMs, grabbed),
        StampOrigin.Arrival => grabbed - _latency,
        _ => FromStream(positionMs, grabbed),
    };

    private Timestamp FromDriver(double positionMs, Timestamp grabbed)
    {
        var taken = clock.FromCounter((long)(positionMs * 1e-3 * clock.Provider.TimestampFrequency));
        var age = grabbed - taken;
        FellBack = positionMs <= 0 || age < -ClockResolution || age > OldestDriverStamp;
        return (FellBack ? grabbed : taken) - _latency;
    }

    private Timestamp FromStream(double positionMs, Timestamp grabbed)
    {
        if (FellBack || positionMs < 0 || _slips > SlipsBelieved)
        {
            FellBack = true;
            return grabbed - _latency;
        }

        var position = positionMs * 1e-3;
        if (!_anchored || position <= _lastPositionS)
        {
            Anchor(position, grabbed);
            return grabbed - _latency;
        }

        _offsetS += DriftPerSecond * (position - _lastPositionS);
        _lastPositionS = position;
        _offsetS = Math.Min(_offsetS, grabbed.SecondsSince(_origin) - position);
        var taken = _origin + TimeSpan.FromSeconds(position + _offsetS);
        if (grabbed - taken > FurthestStreamSlip)
        {
            Anchor(position, grabbed);
            return grabbed - _latency;
        }

        return taken - _latency;
    }

    private void Anchor(double position, Timestamp grabbed)
    {
        _slips = _anchored ? _slips + 1 : _slips;
        _anchored = true;
        _origin = grabbed;
        _offsetS = -position;
        _lastPositionS = position;
    }
}
