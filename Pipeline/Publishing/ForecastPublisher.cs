using System.Diagnostics;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Publishing;

/// <summary>
/// Steps 9 and 10: hands a forecast to every sink and accounts for it. The first sink decides whether it was published; each other one
/// has its own count. Nothing leaves as valid after its deadline, and a set that took longer than its cost said is counted.
/// </summary>
public sealed class ForecastPublisher
{
    private const long Never = long.MinValue;

    private readonly IReadOnlyList<IForecastSink> _sinks;
    private readonly RigClock _clock;
    private readonly Ledger _ledger;
    private readonly IJourneyObserver _observer;
    private readonly long[] _refused;
    private long _lastPublished = Never;

    public ForecastPublisher(IReadOnlyList<IForecastSink> sinks, RigClock clock, Ledger ledger, IJourneyObserver observer)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sinks.Count);
        _sinks = sinks;
        _clock = clock;
        _ledger = ledger;
        _observer = observer;
        _refused = new long[sinks.Count];
    }

    /// <summary>How often the sink of this place in the list refused.</summary>
    public long Refused(int sink) => Interlocked.Read(ref _refused[sink]);

    /// <summary>When the newest forecast was handed over; null before the first.</summary>
    public Timestamp? LastPublished => Volatile.Read(ref _lastPublished) is var last and not Never ? new Timestamp(last) : null;

    public void Publish(SceneForecast forecast)
    {
        var started = Stopwatch.GetTimestamp();
        if (_clock.Now > forecast.Deadline)
        {
            forecast.Validity = Validity.Stale;
            forecast.Reasons |= DegradedReasons.DeadlineMissed;
        }

        var first = SinkResult.Taken;
        for (var i = 0; i < _sinks.Count; i++)
        {
            var result = _sinks[i].Publish(forecast);
            first = i == 0 ? result : first;
            if (result != SinkResult.Taken)
            {
                Interlocked.Increment(ref _refused[i]);
            }
        }

        var ended = Stopwatch.GetTimestamp();
        forecast.Times[Stage.Publish] = (long)((ended - started) * (1e9 / Stopwatch.Frequency));
        Account(forecast, first);
    }

    private void Account(SceneForecast forecast, SinkResult first)
    {
        var now = _clock.Now;
        forecast.HandedOver = now;
        if (now - forecast.Dispatched > forecast.Promised)
        {
            _ledger.CostViolated();
        }

        if (first != SinkResult.Taken)
        {
            _ledger.SetDropped(first == SinkResult.Busy ? DropReason.SinkBusy : DropReason.SinkAway);
            return;
        }

        Volatile.Write(ref _lastPublished, now.Nanoseconds);
        _ledger.SetPublished(validAndOnTime: forecast.Validity is Validity.Valid or Validity.Degraded && now <= forecast.Deadline);
        _observer.Published(forecast, now);
    }
}
