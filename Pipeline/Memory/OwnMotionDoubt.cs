using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Memory;

/// <summary>How unusually little the pictures agree with the logged speed, over the newest ticks: a picture that stands still while the vehicle drives, or a log that lies.</summary>
internal sealed class OwnMotionDoubt(OwnMotionNorm norm, TimeSpan period)
{
    private readonly float[] _newest = new float[norm.Ticks];
    private int _count;
    private Timestamp _last;

    /// <summary>In widths above the usual; NaN until there are as many ticks in succession as the mean is over.</summary>
    public float Score { get; private set; } = float.NaN;

    /// <param name="agreement">The model's ego_agreement [1]; empty where there is none, or no log to agree with.</param>
    public void See(Timestamp moment, ReadOnlySpan<float> agreement)
    {
        if (agreement.IsEmpty)
        {
            (_count, Score) = (0, float.NaN);
            return;
        }

        var since = moment - _last;
        if (since <= TimeSpan.Zero || since > period * 1.5)
        {
            _count = 0;
        }

        _last = moment;
        _newest[_count++ % norm.Ticks] = agreement[0];
        Score = _count < norm.Ticks ? float.NaN : (float)((-Mean() - norm.Centre) / norm.Width);
    }

    private double Mean()
    {
        double sum = 0;
        foreach (var value in _newest)
        {
            sum += value;
        }

        return sum / norm.Ticks;
    }
}
