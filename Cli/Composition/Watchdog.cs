using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Systemd;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Cli.Composition;

/// <summary>
/// A thread of its own that waits for none of the pipeline's: says stale on the status topic as soon as forecasts cannot be relied on, and online
/// again; and tells systemd of progress, which is frame sets that came to their end, never of mere life.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(1); // also for who came back to the broker after it was said

    private readonly HealthWatch _watch;
    private readonly MqttStatusBeacon _beacon;
    private readonly ServiceNotifier _manager;
    private readonly Func<long> _setsDone;
    private readonly TimeProvider _time;
    private readonly ManualResetEventSlim _stopped = new(false);
    private readonly Thread _thread;
    private string? _said;
    private long _saidAt;
    private long _done;
    private long _notifiedAt;

    /// <param name="setsDone">Frame sets that were published or dropped so far.</param>
    public Watchdog(HealthWatch watch, MqttStatusBeacon beacon, ServiceNotifier manager, Func<long> setsDone, TimeProvider time)
    {
        _watch = watch;
        _beacon = beacon;
        _manager = manager;
        _setsDone = setsDone;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "watchdog", Priority = ThreadPriority.Highest };
    }

    public void Start()
    {
        _manager.Ready();
        _thread.Start();
    }

    /// <summary>Before the pipeline is stopped: its end is no hang.</summary>
    public void Dispose()
    {
        if (_stopped.IsSet)
        {
            return;
        }

        _stopped.Set();
        if (_thread.IsAlive)
        {
            _manager.Stopping();
            _thread.Join();
        }
    }

    private void Run()
    {
        while (!_stopped.Wait(Look))
        {
            SayStatus(_watch.WhyUnreliable());
            NotifyProgress();
        }
    }

    private void SayStatus(string? reason)
    {
        if (reason == _said && (reason is null || _time.GetElapsedTime(_saidAt) < Repeat))
        {
            return;
        }

        if (_beacon.Say(reason is null ? StatusState.Online : StatusState.Stale, reason ?? "recovered"))
        {
            _said = reason;
            _saidAt = _time.GetTimestamp();
        }
    }

    /// <summary>Twice in the time that the manager allows, and only when a frame set has come to its end since the last time.</summary>
    private void NotifyProgress()
    {
        if (_manager.Watchdog is not { } limit || _time.GetElapsedTime(_notifiedAt) < limit / 4 || _setsDone() is var done && done == _done)
        {
            return;
        }

        _done = _setsDone();
        _notifiedAt = _time.GetTimestamp();
        _manager.Progress();
    }
}
