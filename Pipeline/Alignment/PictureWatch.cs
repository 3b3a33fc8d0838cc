using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Alignment;

/// <summary>
/// Tells a frozen camera from a standing world. The same pixels three times running count as frozen when the vehicle moves, or when
/// another camera's picture changes; with neither known, ten times running. A real sensor's noise never repeats; a decoded video of a
/// vehicle at rest may.
/// </summary>
public sealed class PictureWatch(int cameras)
{
    private const int RepeatsWhileMoving = 3;
    private const int RepeatsAnyway = 10;
    private const float MovingMps = 1f;
    private const float BlackLevel = 4f;
    private const float BlackSpread = 3f;

    private readonly ulong[] _fingerprint = new ulong[cameras];
    private readonly int[] _repeats = new int[cameras];

    public void See(int camera, in PictureContent content)
    {
        var same = content.Fingerprint == _fingerprint[camera];
        _repeats[camera] = same ? _repeats[camera] + 1 : 0;
        _fingerprint[camera] = content.Fingerprint;
    }

    /// <param name="speed">m/s; NaN where it is not measured.</param>
    public MissingReason Judge(int camera, in PictureContent content, float speed)
    {
        if (content.MeanLevel < BlackLevel && content.SpreadLevel < BlackSpread)
        {
            return MissingReason.Black;
        }

        var repeats = _repeats[camera];
        if (repeats < RepeatsWhileMoving)
        {
            return MissingReason.None;
        }

        var moving = speed > MovingMps || (float.IsNaN(speed) && AnotherChanges(camera));
        return moving || (float.IsNaN(speed) && repeats >= RepeatsAnyway) ? MissingReason.Frozen : MissingReason.None;
    }

    private bool AnotherChanges(int camera)
    {
        for (var other = 0; other < _repeats.Length; other++)
        {
            if (other != camera && _fingerprint[other] != 0 && _repeats[other] == 0)
            {
                return true;
            }
        }

        return false;
    }
}
