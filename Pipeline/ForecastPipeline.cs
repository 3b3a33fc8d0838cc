using System.Diagnostics;
using System.Threading.Channels;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline;

/// <summary>
/// START HERE. A frame set's journey, and the threads it crosses:
/// <code>
///  1 Capture    a thread a camera: grab, decode                      <see cref="CameraThread"/>
///  2 Prepare    same thread: undistort, crop, resize into a slot     <see cref="IFrameSource.Prepare"/>
///     ---- channel: arrivals, in order; wakes the journey's thread ----
///  3 Align      one frame set a tick, by capture time                <see cref="Alignment.FrameSetAligner"/>
///  4 Admit      only what can still make its deadline                <see cref="Admission"/>
///  5 Encode, 6 Remember, 7 Imagine                                   <see cref="Inference.WorldStep"/>
///  8 Judge      calibrated risk, level, alarm, trust                 <see cref="Risk.Judge"/>
///     ---- channel: judged forecasts; wakes the publishing thread; what publishing took comes back for step 4 ----
///  9 Publish    to every sink, none as valid after its deadline      <see cref="ForecastPublisher"/>
/// 10 Account    two ledgers, exact at every moment                   <see cref="Ledger"/>
/// then, on the journey's thread, in what is left of the period: look back for surprise   <see cref="Journey.Reflect"/>,
///                                                               answer plan requests     <see cref="Journey.TryAnswer"/>
/// </code>
/// Steps 3 to 8 are <see cref="Journey"/>, which a replay drives without these threads.
/// </summary>
public sealed class ForecastPipeline : IDisposable
{
    private static readonly TimeSpan CameraStopLimit = TimeSpan.FromSeconds(3);

    /// <summary>A run of the world model takes milliseconds; one that is not over by then hangs.</summary>
    private static readonly TimeSpan JourneyStopLimit = TimeSpan.FromSeconds(3);

    private readonly Journey _journey;
    private readonly PlanDesk? _desk;
    private readonly ForecastPublisher _publisher;
    private readonly ForecastPool _forecasts;
    private readonly FramePool _pool;
    private readonly RigClock _clock;
    private readonly Ledger _ledger;
    private readonly CameraThread[] _cameras;
    private readonly Channel<CameraEvent> _arrivals;
    private readonly Channel<SceneForecast> _judged;
    private readonly Channel<Delivery> _handedOver;
    private readonly AutoResetEvent _arrived = new(false);
    private readonly AutoResetEvent _readyToPublish = new(false);
    private readonly Thread _journeyThread;
    private readonly Thread _publishingThread;
    private readonly Pulse _journeyPulse;
    private readonly Pulse _publishPulse;
    private readonly ManualResetEventSlim _allEnded = new(false);
    private int _camerasRunning;
    private volatile bool _stopping;
    private volatile bool _journeyEnded;
    private volatile Exception? _broken;

    public ForecastPipeline(JourneyParts parts, IReadOnlyList<IFrameSource> sources, FramePool pool, ForecastPublisher publisher, RigClock clock)
    {
        _journey = new Journey(parts);
        _forecasts = parts.Forecasts;
        _ledger = parts.Ledger;
        _publisher = publisher;
        _pool = pool;
        _clock = clock;
        _journeyPulse = new Pulse("journey", clock);
        _publishPulse = new Pulse("publish", clock);
        Pulses = [_journeyPulse, _publishPulse];
        // As many as there are slots, and room for the events that carry none: a write never fails while the pipeline runs.
        _arrivals = Channel.CreateBounded<CameraEvent>(new BoundedChannelOptions(pool.Capacity + (sources.Count * 4)) { SingleReader = true });
        _judged = Channel.CreateBounded<SceneForecast>(new BoundedChannelOptions(8) { SingleReader = true, SingleWriter = true });
        // What publishing took, on its way back to step 4.
        _handedOver = Channel.CreateBounded<Delivery>(new BoundedChannelOptions(8) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.DropOldest });
        _cameras = [.. sources.Select((source, camera) => new CameraThread(camera, source, pool, _arrivals.Writer, _arrived, _ledger))];
        _camerasRunning = sources.Count;
        _desk = parts.Desk;
        _desk?.Arrived = () => _arrived.Set();
        _journeyThread = new Thread(RunJourney) { IsBackground = true, Name = "journey", Priority = ThreadPriority.AboveNormal };
        _publishingThread = new Thread(RunPublishing) { IsBackground = true, Name = "publish", Priority = ThreadPriority.AboveNormal };
    }

    public Journey Journey => _journey;

    public Ledger Ledger => _ledger;

    public IReadOnlyList<CameraThread> Cameras => _cameras;

    /// <summary>Of the threads on which every forecast depends; a camera's thread that hangs is a camera that is silent.</summary>
    public IReadOnlyList<Pulse> Pulses { get; }

    /// <summary>A thread ended by an exception; <see cref="WaitForEnd"/> throws it.</summary>
    public bool IsBroken => _broken is not null;

    /// <summary>
    /// <see cref="Stop"/> did not get its thread back: the world model hangs in a native call. What it uses (the model, its run, the slots of the frames in it) must not be disposed of.
    /// </summary>
    public bool JourneyHangs { get; private set; }

    /// <summary>Frames that wait for the journey's thread, and forecasts that wait for the publisher's.</summary>
    public (int Frames, int Forecasts) Queued => (_arrivals.Reader.Count, _judged.Reader.Count);

    public void Start()
    {
        _publishingThread.Start();
        _journeyThread.Start();
        foreach (var camera in _cameras)
        {
            camera.Start();
        }
    }

    /// <summary>Waits until every source has ended and what they gave is published; false when the limit, or <see cref="Stop"/>, came first.</summary>
    /// <exception cref="InvalidOperationException">A thread of the pipeline broke.</exception>
    public bool WaitForEnd(TimeSpan limit, CancellationToken cancelled)
    {
        try
        {
            var ended = _allEnded.Wait(limit, cancelled);
            ThrowIfBroken();
            return ended;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// Stops in the direction of the journey: sources, the journey, the publisher; then every slot is back, but those lent to a camera whose
    /// native call hangs, which are named. It ends within six seconds and what the sinks still take, also where the model hangs: <see cref="JourneyHangs"/>.
    /// </summary>
    /// <returns>The names of cameras that did not stop.</returns>
    public IReadOnlyList<string> Stop()
    {
        // The journey goes on until no camera can send: a frame that came after its last look would have no owner.
        var hanging = _cameras.Where(camera => !camera.Stop(CameraStopLimit)).Select(camera => camera.Camera).ToList();
        _arrivals.Writer.TryComplete();
        _stopping = true;
        _arrived.Set();
        JourneyHangs = !_journeyThread.Join(JourneyStopLimit);
        _journeyEnded = true;
        _readyToPublish.Set();
        _publishingThread.Join();
        ThrowIfBroken();
        if (hanging.Count == 0 && !JourneyHangs && _pool.Outstanding != 0)
        {
            throw new InvalidOperationException($"{_pool.Outstanding} frame slots are still out after the pipeline has stopped: a step did not give its frame back");
        }

        return hanging;
    }

    public void Dispose()
    {
        _desk?.Arrived = null;
        if (JourneyHangs)
        {
            return; // should it come back after all, it finds its handles
        }

        _arrived.Dispose();
        _readyToPublish.Dispose();
        _allEnded.Dispose();
    }

    private void RunJourney()
    {
        try
        {
            while (!_stopping)
            {
                _journeyPulse.Work();
                TakeArrivals();
                while (_handedOver.Reader.TryRead(out var delivery))
                {
                    _journey.HandedOver(delivery);
                }

                if (_journey.TryTravel(_clock.Now) is { } forecast)
                {
                    Hand(forecast);
                    _journey.Reflect(_clock.Now);
                    continue; // frames may have come meanwhile
                }

                _journey.Reflect(_clock.Now); // a tick whose forecast nobody could take
                if (_journey.TryAnswer(_clock.Now))
                {
                    _journey.Answered(_clock.Now);
                    continue; // frames may have come meanwhile
                }

                if (_camerasRunning == 0 && _arrivals.Reader.Count == 0)
                {
                    break;
                }

                _journeyPulse.Wait();
                Sleep();
            }

            TakeArrivals();
            _journey.Abandon();
        }
        catch (Exception broken)
        {
            _broken = broken;
        }
        finally
        {
            _journeyPulse.Wait();
            _journeyEnded = true;
            _readyToPublish.Set();
        }
    }

    private void TakeArrivals()
    {
        while (_arrivals.Reader.TryRead(out var happened))
        {
            switch (happened.Kind)
            {
                case CameraEventKind.Frame:
                    _journey.Arrive(happened.Frame);
                    break;
                case CameraEventKind.Ended:
                    _camerasRunning--;
                    _journey.CameraLost(happened.Camera);
                    break;
                default:
                    _journey.CameraLost(happened.Camera);
                    break;
            }
        }
    }

    /// <summary>Until a frame comes, or until the aligner wants to be asked again.</summary>
    private void Sleep()
    {
        if (_journey.NextWake is not { } wake)
        {
            _arrived.WaitOne();
            return;
        }

        var wait = wake - _clock.Now;
        if (wait > TimeSpan.Zero)
        {
            _arrived.WaitOne((int)Math.Ceiling(wait.TotalMilliseconds));
        }
    }

    private void Hand(SceneForecast forecast)
    {
        _journey.Judged(forecast, _clock.Now);
        if (!_judged.Writer.TryWrite(forecast))
        {
            throw new UnreachableException("the channel of judged forecasts has more room than there are forecasts");
        }

        _readyToPublish.Set();
    }

    private void RunPublishing()
    {
        try
        {
            while (true)
            {
                while (_judged.Reader.TryRead(out var forecast))
                {
                    _publishPulse.Work();
                    _publisher.Publish(forecast);
                    _publishPulse.Wait();
                    _handedOver.Writer.TryWrite(Delivery.Of(forecast));
                    _forecasts.Return(forecast);
                }

                if (_journeyEnded && _judged.Reader.Count == 0)
                {
                    break;
                }

                _readyToPublish.WaitOne();
            }
        }
        catch (Exception broken)
        {
            _broken ??= broken;
        }
        finally
        {
            _allEnded.Set();
        }
    }

    private void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw new InvalidOperationException($"the pipeline broke: {_broken.Message}", _broken);
        }
    }
}
