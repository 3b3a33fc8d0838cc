using System.Diagnostics;

namespace Forecast.Adapters.Mqtt;

/// <content>The connection's own thread: connect, serve, come back.</content>
public sealed unsafe partial class MqttConnection
{
    private void Run()
    {
        while (!_stopping)
        {
            var refused = false;
            var detail = "";
            try
            {
                using var session = new MqttSession(this, _options, Will, _underWay);
                detail = session.Connect(_options) ?? ServeAndWithdraw(session);
                refused = session.Refusal != 0 || (!session.Accepted && session.Complaint is not null);
            }
            catch (Exception problem) when (problem is IOException or InvalidOperationException or UnauthorizedAccessException)
            {
                detail = problem.Message; // a password or certificate that cannot be read now may be there later
                refused = true;
            }

            Tell(new MqttState(false, $"broker {_options.Host}:{_options.Port}: {detail}"));
            Pause(refused ? RefusedDelay : _options.RetryDelay * (1 + Random.Shared.NextDouble()));
        }
    }

    private string ServeAndWithdraw(MqttSession session)
    {
        try
        {
            return Serve(session);
        }
        finally
        {
            Pulse?.Wait();
            Withdraw();
        }
    }

    /// <summary>Runs one connection until it ends; returns why it did.</summary>
    private string Serve(MqttSession session)
    {
        var began = Stopwatch.GetTimestamp();
        var announced = false;
        while (!_stopping)
        {
            var left = announced ? TimeSpan.FromSeconds(1) : _options.ConnectLimit - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return $"no answer within {_options.ConnectLimit.TotalSeconds} s";
            }

            Pulse?.Wait();
            var readable = Wait(session, left);
            Pulse?.Work();
            string? ended;
            bool acknowledged;
            lock (_gate)
            {
                ended = session.Advance(readable);
                acknowledged = session.Acknowledged > 0;
                session.Acknowledged = 0;
            }

            if (ended is not null)
            {
                return ended;
            }

            if (session.Accepted && !announced)
            {
                announced = true;
                Announce(session);
            }

            if (acknowledged)
            {
                Raise(Acknowledged);
            }
        }

        return "ended";
    }

    /// <summary>Waits for the socket or a wake-up. True when there is something to read.</summary>
    private bool Wait(MqttSession session, TimeSpan limit)
    {
        const short Anything = -1;
        var descriptors = stackalloc LibC.PollFd[2];
        lock (_gate)
        {
            descriptors[0].Descriptor = session.Socket;
            descriptors[0].Events = (short)(LibC.PollIn | (session.WantsWrite ? LibC.PollOut : 0));
        }

        descriptors[1].Descriptor = _wakeUp.Descriptor;
        descriptors[1].Events = LibC.PollIn;
        _ = LibC.Poll(descriptors, 2, Math.Max(1, (int)limit.TotalMilliseconds));
        if (descriptors[1].Occurred != 0)
        {
            _wakeUp.Clear();
        }

        return (descriptors[0].Occurred & (Anything ^ LibC.PollOut)) != 0 || descriptors[1].Occurred != 0;
    }

    private void Announce(MqttSession session)
    {
        lock (_gate)
        {
            _session = session;
            foreach (var subscription in _subscriptions)
            {
                session.Subscribe((byte*)subscription.Filter, subscription.Qos);
            }
        }

        Interlocked.Increment(ref _connects);
        Tell(new MqttState(true, $"connected to {_options.Host}:{_options.Port}"));
        Raise(Connected);
    }

    /// <summary>From here on nobody publishes into this session; what it held is gone, and counted as not under way.</summary>
    private void Withdraw()
    {
        lock (_gate)
        {
            _session = null;
            _underWay.Lose();
            _idle.Set();
        }
    }

    private void Tell(MqttState state)
    {
        if (_state == state)
        {
            return;
        }

        _state = state;
        try
        {
            StateChanged?.Invoke(state);
        }
        catch
        {
            Interlocked.Increment(ref _handlerFailures);
        }
    }

    private void Raise(Action? handlers)
    {
        try
        {
            handlers?.Invoke();
        }
        catch
        {
            Interlocked.Increment(ref _handlerFailures);
        }
    }

    private void Pause(TimeSpan delay)
    {
        var until = Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency);
        while (!_stopping && Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until) is var left && left > TimeSpan.Zero)
        {
            var descriptor = new LibC.PollFd { Descriptor = _wakeUp.Descriptor, Events = LibC.PollIn };
            _ = LibC.Poll(&descriptor, 1, Math.Max(1, (int)left.TotalMilliseconds));
            _wakeUp.Clear();
        }
    }
}
