using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Mqtt;

/// <summary>How many messages a second are read of one topic: more are refused unread. A second's worth may come at once, as after a short outage.</summary>
internal sealed class MessageRate(int perSecond)
{
    private double _left = perSecond;
    private Timestamp _last;

    /// <summary>False where this one is too many.</summary>
    internal bool Take(Timestamp now)
    {
        _left = Math.Min(perSecond, _left + (Math.Max(0, now.SecondsSince(_last)) * perSecond));
        _last = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
