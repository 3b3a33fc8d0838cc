namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// What a look back costs, which runs between a forecast and the next frames: a decaying upper estimate. A costlier look raises it at once,
/// a cheaper one lowers it by a twentieth of the difference, and each that was shed by a hundredth as far as the first estimate, so that one
/// stall does not shed for ever.
/// </summary>
public sealed class LookBackCost
{
    private const double Decay = 0.05;
    private const double DecayUnseen = 0.01;
    private const double MarginFactor = 1.1;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly double _first;
    private readonly bool _free;
    private double _seconds;

    /// <param name="first">Measured before the start.</param>
    public LookBackCost(TimeSpan first)
        : this(first, free: false)
    {
    }

    private LookBackCost(TimeSpan first, bool free)
    {
        _first = first.TotalSeconds;
        _seconds = _first;
        _free = free;
    }

    /// <summary>In lock-step a look costs the drive's clock nothing: none is ever shed.</summary>
    public static LookBackCost Free { get; } = new(TimeSpan.Zero, free: true);

    public bool Fits(TimeSpan slack) => _free || TimeSpan.FromSeconds(_seconds * MarginFactor) + Margin <= slack;

    public void Observe(TimeSpan service)
    {
        if (_free)
        {
            return;
        }

        var sample = service.TotalSeconds;
        _seconds = sample > _seconds ? sample : _seconds + (Decay * (sample - _seconds));
    }

    public void Shed() => _seconds = Math.Max(_first, _seconds - (DecayUnseen * (_seconds - _first)));
}
