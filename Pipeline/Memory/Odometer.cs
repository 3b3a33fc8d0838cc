using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Adds the ego's motion up from tick to tick, so that the way between any two ticks costs one subtraction. Where the motion was not known all
/// the way, a new stretch begins: places of different stretches have no way between them.
/// </summary>
internal sealed class Odometer(EgoMotionTrack motion)
{
    private OdometerPlace _place;
    private Timestamp? _reference;

    /// <param name="now">The decision time: only motion that had arrived by then counts.</param>
    public OdometerPlace MoveTo(Timestamp reference, Timestamp now)
    {
        var moved = _reference is { } before && before < reference ? motion.Travelled(before, reference, now) : null;
        _reference = reference;
        if (moved is not var (x, y, yaw))
        {
            _place = new OdometerPlace(_place.Stretch + 1, 0, 0, 0);
            return _place;
        }

        var (sin, cos) = Math.SinCos(_place.Yaw);
        _place = _place with
        {
            X = _place.X + (cos * x) - (sin * y),
            Y = _place.Y + (sin * x) + (cos * y),
            Yaw = _place.Yaw + yaw,
        };
        return _place;
    }
}

/// <summary>Where the ego was on a stretch of known motion: metres and radians from the stretch's start.</summary>
internal readonly record struct OdometerPlace(int Stretch, double X, double Y, double Yaw)
{
    /// <summary>This pose in the ego frame of <paramref name="earlier"/>; null when there is no known way between them.</summary>
    public (float X, float Y, float Yaw)? Since(OdometerPlace earlier)
    {
        if (Stretch != earlier.Stretch || Stretch == 0)
        {
            return null;
        }

        var (sin, cos) = Math.SinCos(earlier.Yaw);
        var (x, y) = (X - earlier.X, Y - earlier.Y);
        return ((float)((cos * x) + (sin * y)), (float)((cos * y) - (sin * x)), (float)(Yaw - earlier.Yaw));
    }
}
