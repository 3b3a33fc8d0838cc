namespace Forecast.Pipeline.Scheduling;

/// <summary>
/// What a look back costs, which runs between a forecast and the next frames: a decaying upper estimate. A costlier look raises it at once,
/// a cheaper one lowers it by a twentieth of the difference. After fifty in a row that were shed one is made all the same, as long as the next
/// frames are not there, and what it costs is the new estimate: one stall, or a slow start, does not shed for ever.
/// </summary>
public sealed class LookBackCost
{
    private const double Decay = 0.05;
    private const double MarginFactor = 1.1;
    private const int ShedBeforeProbe = 50;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly bool _free;
    private double _seconds;
    private int _shed;

    /// <param name="first">Measured before the start.</param>
    public LookBackCost(TimeSpan first)
        : this(first, free: false)
    {
    }

    private LookBackCost(TimeSpan first, bool free)
    {
        _seconds = first.TotalSeconds;
        _free = free;
    }

    /// <summary>A cost for a run that is told again, decision by decision (<see cref="AsRecorded"/>).</summary>
    public static LookBackCost OfRecording() => new(TimeSpan.Zero, free: true) { AsRecorded = true };

    /// <summary>In lock-step a look costs the drive's clock nothing: none is ever shed.</summary>
    public static LookBackCost Free { get; } = new(TimeSpan.Zero, free: true);

    /// <summary>Where a run is told again: whether the next look was made, as it was decided then, whatever it costs now; null: by what is known of the cost.</summary>
    public bool? AsRecorded { get; set; }

    private bool Probes => _shed >= ShedBeforeProbe;

    /// <param name="slack">Until the next frames may be there.</param>
    public bool Fits(TimeSpan slack) =>
        AsRecorded ?? (_free || TimeSpan.FromSeconds(_seconds * MarginFactor) + Margin <= slack || (Probes && slack > TimeSpan.Zero));

    public void Observe(TimeSpan service)
    {
        if (_free)
        {
            return;
        }

        var sample = service.TotalSeconds;
        _seconds = sample > _seconds || Probes ? sample : _seconds + (Decay * (sample - _seconds));
        _shed = 0;
    }

    public void Shed() => _shed++;
}
