using System.Globalization;

namespace Forecast.Cli.Watch;

/// <summary>
/// One vehicle or one of its runs, as a careful subscriber sees it. A forecast counts only while it is valid and while messages keep
/// coming, by this side's own clock: past either there is no forecast, and the last value is never shown again. Not safe for threads.
/// </summary>
internal sealed class WatchedSource(string name, TimeProvider time)
{
    /// <summary>The rule: three periods or this, whichever is shorter.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(0.5);

    private const int PeriodsOfSilence = 3;

    private RiskReading? _reading;
    private string? _problem = "no message yet";
    private long _arrival;
    private TimeSpan? _statedLimit;
    private TimeSpan? _period;
    private string? _session;
    private StatusReading? _status;

    public string Name => name;

    /// <summary>Messages that the sequence says were sent and that never came.</summary>
    public ulong Lost { get; private set; }

    public TimeSpan SilenceLimit => Shorter(_statedLimit ?? LongestSilence, _period * PeriodsOfSilence ?? LongestSilence);

    public void OnRisk(RiskReading reading)
    {
        var sameSession = reading.Session == _session;
        if (sameSession && _reading is { } last)
        {
            if (reading.Sequence <= last.Sequence)
            {
                return; // the same message again, or one that was overtaken
            }

            Lost += reading.Sequence - last.Sequence - 1;
            _period = PeriodBetween(last, reading) ?? _period;
        }
        else if (!sameSession)
        {
            _session = reading.Session;
            _period = null;
            _statedLimit = _status?.Session == reading.Session ? _status.SilenceLimit : null;
        }

        _reading = reading;
        _problem = null;
        _arrival = time.GetTimestamp();
    }

    public void OnStatus(StatusReading status)
    {
        if (!status.Online && _session is not null && status.Session != _session)
        {
            return; // the late last will of a session that is gone
        }

        _status = status;
        _session ??= status.Session;
        if (status.Session == _session)
        {
            _statedLimit = status.SilenceLimit ?? _statedLimit;
        }
    }

    /// <summary>A risk message came that cannot be used; there is no forecast until the next good one.</summary>
    public void OnUnreadable(string problem)
    {
        _problem = problem;
        _reading = null;
    }

    /// <summary>The reading that counts at this moment; null, with the reason, when there is no forecast.</summary>
    public RiskReading? Now(out string reason)
    {
        reason = WhyNot() ?? "";
        return reason.Length == 0 ? _reading : null;
    }

    private string? WhyNot()
    {
        if (_status is { Online: false } offline && (_session is null || offline.Session == _session))
        {
            var state = offline.IsStale ? "stale" : "offline";
            return offline.Reason.Length == 0 ? state : $"{state} ({offline.Reason})";
        }

        if (_reading is null || _problem is not null)
        {
            return _problem;
        }

        if (!_reading.IsForecast)
        {
            return _reading.Reasons.Count == 0 ? _reading.Validity : $"{_reading.Validity} ({string.Join(", ", _reading.Reasons)})";
        }

        var silence = time.GetElapsedTime(_arrival);
        if (silence > SilenceLimit)
        {
            return string.Create(CultureInfo.InvariantCulture, $"silent for {silence.TotalSeconds:0.0} s");
        }

        return _reading.RemainingMs is { } remaining && silence.TotalMilliseconds < remaining ? null : "past its validity";
    }

    private static TimeSpan? PeriodBetween(RiskReading last, RiskReading next)
    {
        if (last.Tick is not { } from || next.Tick is not { } to || to <= from || last.ReferenceTimeNs is not { } start || next.ReferenceTimeNs is not { } end || end <= start)
        {
            return null;
        }

        return TimeSpan.FromSeconds((end - start) / 1e9 / (to - from));
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
