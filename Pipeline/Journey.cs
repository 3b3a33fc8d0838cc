using System.Diagnostics;
using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline;

/// <summary>
/// The journey of frame sets from arrival to forecast, steps 3 to 8 of ARCHITECTURE.md. Single-threaded, without a clock or a thread of its
/// own: the pipeline calls it with the time of its clock, a replay with the time of the drive. What it decides depends on its calls alone.
/// </summary>
public sealed class Journey
{
    private readonly FrameSetAligner _aligner;
    private readonly Admission _admission;
    private readonly CostTable _costs;
    private readonly WorldStep _world;
    private readonly IWorldRun _run;
    private readonly Judge _judge;
    private readonly Surprise _surprise;
    private readonly EpisodicMemory _episodes;
    private readonly PlanDesk? _desk;
    private readonly IJourneyLog? _log;
    private readonly EgoMotionTrack _motion;
    private readonly Ledger _ledger;
    private readonly ForecastPool _forecasts;
    private readonly SceneForecast _unheard;
    private readonly TimeSpan _validFor;
    private readonly TimeSpan _period;
    private readonly bool _everySet;
    private readonly CameraOrder _cameraOrder;
    private readonly long[] _lastFrameStopwatch;
    private (AlarmEdge Edge, AlarmEvent? Alarm) _owed;
    private bool _jumped;
    private bool _wentUnheard;
    private FrameSet _next;
    private FrameSet _spare;

    public Journey(JourneyParts parts)
    {
        _aligner = parts.Aligner;
        _admission = parts.Admission;
        _costs = parts.Costs;
        _world = parts.World;
        _run = parts.Run;
        _judge = parts.Judge;
        _surprise = parts.Surprise;
        _episodes = parts.Episodes;
        _desk = parts.Desk;
        _log = parts.Log;
        _period = parts.Period;
        _motion = parts.Motion;
        _ledger = parts.Ledger;
        _forecasts = parts.Forecasts;
        _validFor = parts.Admission.Budget + (parts.Period * 2);
        _everySet = parts.EverySet;
        _cameraOrder = parts.CameraOrder;
        _next = new FrameSet(parts.Ledger.Cameras);
        _spare = new FrameSet(parts.Ledger.Cameras);
        _lastFrameStopwatch = new long[parts.Ledger.Cameras];
        _unheard = parts.Unheard;
        Traces = [.. Enumerable.Range(0, parts.Ledger.Cameras).Select(_ => new CameraTrace())];
    }

    /// <summary>When to call <see cref="TryTravel"/> and <see cref="TryAnswer"/> although no frame came; null when only a frame or a request can change anything.</summary>
    public Timestamp? NextWake => _desk?.NextWake is { } desk && !(_aligner.NextWake < desk) ? desk : _aligner.NextWake;

    /// <summary>Each camera as it was last seen, for health; may be read from another thread.</summary>
    public IReadOnlyList<CameraTrace> Traces { get; }

    /// <summary>Step 3, first half: a frame has arrived; it is taken over.</summary>
    public void Arrive(in Frame frame)
    {
        _lastFrameStopwatch[frame.Id.Camera] = Stopwatch.GetTimestamp();
        _log?.Arrived(frame);
        _aligner.Offer(frame);
        Traces[frame.Id.Camera].Arrived(frame.CaptureTime, _aligner.Ahead(frame.Id.Camera));
    }

    public void CameraLost(int camera)
    {
        _log?.CameraLost(camera);
        _aligner.CameraLost(camera);
    }

    /// <summary>
    /// Steps 3 to 8 for the newest frame set that is complete, or whose wait has run out; where every set is wanted, for the oldest. Null when
    /// there is none, or it was dropped with its reason; else a forecast that the caller publishes and gives back to the pool.
    /// </summary>
    public SceneForecast? TryTravel(Timestamp now)
    {
        _wentUnheard = false;
        var forecast = TravelNewest(now);
        _log?.Travelled(now, forecast is not null ? Telemetry.Travel.Forecast : _wentUnheard ? Telemetry.Travel.Unheard : Telemetry.Travel.Nothing, forecast?.RungIndex ?? -1);
        return forecast;
    }

    private SceneForecast? TravelNewest(Timestamp now)
    {
        var waiting = false;
        var speed = _motion.At(now, now).Speed;
        while (_aligner.TryForm(now, speed, _spare))
        {
            if (waiting)
            {
                Drop(_next, DropReason.Superseded);
            }

            (_next, _spare) = (_spare, _next);
            _jumped |= _next.AfterJump;
            waiting = !_everySet;
            if (_everySet && Travel(_next, now) is { } forecast)
            {
                return forecast;
            }
        }

        return waiting ? Travel(_next, now) : null;
    }

    /// <summary>
    /// What can wait until the forecast has left: looks back from the tick that travelled last, if the next frames need not wait for it, and keeps the
    /// scenes that are due. Does nothing when none travelled since the last call.
    /// </summary>
    /// <param name="now">The decision time, after the forecast was handed over.</param>
    public void Reflect(Timestamp now)
    {
        var shed = _surprise.Shed;
        _surprise.Look(now);
        _episodes.Reflect();
        _log?.Reflected(now, _surprise.Shed != shed);
    }

    /// <summary>
    /// After <see cref="Reflect"/>: answers a plan request from the last committed world state, if that ends within the request's deadline and before the next
    /// frame set is due. True when one was imagined; then <see cref="Answered"/> must follow before anything else.
    /// </summary>
    public bool TryAnswer(Timestamp now) => _desk?.TryAnswer(now) ?? false;

    /// <param name="now">The decision time after <see cref="TryAnswer"/>.</param>
    public void Answered(Timestamp now) => _desk!.Answered(now);

    /// <summary>The forecast is ready to be published: notes when, and what its run cost.</summary>
    public void Judged(SceneForecast forecast, Timestamp now)
    {
        _log?.Judged(now);
        forecast.Judged = now;
        _costs.ObserveRun(forecast.RungIndex, now - forecast.Dispatched, forecast.IsProbe);
    }

    /// <summary>What the publishing thread took for a forecast; told on this one.</summary>
    public void HandedOver(in Delivery delivery)
    {
        _log?.HandedOver(delivery);
        _costs.ObservePublishing(delivery.Took, delivery.OfProbe);
    }

    /// <summary>Gives back every frame that waits, and refuses every request.</summary>
    public void Abandon()
    {
        _aligner.Abandon();
        _desk?.Abandon();
    }

    private SceneForecast? Travel(FrameSet set, Timestamp now)
    {
        var formed = Stopwatch.GetTimestamp();
        var rung = _everySet ? 0 : _admission.Decide(now, set.Oldest);
        if (rung < 0)
        {
            Drop(set, DropReason.Stale);
            return null;
        }

        Shed(set, _costs.Rungs[rung].Cameras);

        // What was admitted is always remembered, even when nobody can take the forecast.
        var forecast = _forecasts.TryRent() ?? _unheard;
        _wentUnheard = forecast == _unheard;
        var started = Stopwatch.GetTimestamp();
        Begin(forecast, set, now, formed);
        forecast.RungIndex = rung;
        forecast.Promised = _costs.Cost(rung);
        forecast.Times[Stage.Admit] = Nanoseconds(formed, started);
        CountUsed(set);
        set.AfterJump = _jumped; // a set that was dropped leaves its jump to the next one that runs
        _jumped = false;
        if (!_world.TryRun(set, _costs.Rungs[rung], forecast))
        {
            return GiveUp(forecast, DropReason.ModelFailed);
        }

        var judging = Stopwatch.GetTimestamp();
        _surprise.Tell(forecast, heard: forecast != _unheard);
        _episodes.Tell(forecast);
        _judge.Read(_run, forecast);
        _episodes.Note(forecast);
        _surprise.Note(forecast, until: forecast.Dispatched + _period);
        _desk?.Note(forecast);
        var ended = Stopwatch.GetTimestamp();
        forecast.Times[Stage.Judge] = Nanoseconds(judging, ended);
        OweOrPayEdge(forecast);
        return forecast == _unheard ? GiveUp(forecast, DropReason.SinkBusy) : forecast;
    }

    /// <summary>Leaves out the least informative cameras, down to as many as the rung has time for; equals take turns.</summary>
    private void Shed(FrameSet set, int kept)
    {
        if (set.Used <= kept)
        {
            return;
        }

        var order = _cameraOrder.Cameras;
        for (var place = order.Length - 1; set.Used > kept; place--)
        {
            var camera = order[place];
            if (set.Use(camera).Used)
            {
                set.Shed(camera);
                _ledger.FrameDropped(camera, DropReason.Shed);
            }
        }

        _cameraOrder.TakeTurns(set);
    }

    /// <summary>An alarm's edge on a forecast that nobody takes goes out with the next one that somebody does.</summary>
    private void OweOrPayEdge(SceneForecast forecast)
    {
        if (forecast.Edge != AlarmEdge.None)
        {
            _owed = forecast == _unheard ? (forecast.Edge, forecast.Alarm) : default;
        }
        else if (forecast != _unheard && _owed.Edge != AlarmEdge.None)
        {
            (forecast.Edge, forecast.Alarm) = _owed;
            _owed = default;
        }
    }

    private SceneForecast? GiveUp(SceneForecast forecast, DropReason reason)
    {
        _ledger.SetDropped(reason);
        if (forecast != _unheard)
        {
            _forecasts.Return(forecast);
        }

        return null;
    }

    private void Begin(SceneForecast forecast, FrameSet set, Timestamp now, long stopwatch)
    {
        forecast.Tick = set.Tick;
        forecast.CaptureFirst = set.Oldest;
        forecast.CaptureLast = set.Reference;
        forecast.Reference = set.Reference;
        forecast.Deadline = set.Oldest + _admission.Budget;
        forecast.Dispatched = now;
        forecast.ValidUntil = set.Oldest + _validFor;
        forecast.Reasons = set.TakenBack ? DegradedReasons.CaptureTimeUnverified : DegradedReasons.None;
        forecast.Times.Clear();
        var lastArrival = 0L;
        for (var camera = 0; camera < set.Cameras; camera++)
        {
            Traces[camera].Took(set.Use(camera), set.Reference);
            if (set.Use(camera).Used)
            {
                var times = set[camera].Times;
                forecast.Times[Stage.Decode] = Math.Max(forecast.Times[Stage.Decode], times.DecodeNs);
                forecast.Times[Stage.Prepare] = Math.Max(forecast.Times[Stage.Prepare], times.PrepareNs);
                if (_lastFrameStopwatch[camera] > lastArrival)
                {
                    lastArrival = _lastFrameStopwatch[camera];
                    forecast.Times.LastCamera = camera;
                }
            }
        }

        forecast.Times[Stage.Align] = Math.Max(0, Nanoseconds(lastArrival, stopwatch));
    }

    private void CountUsed(FrameSet set)
    {
        for (var camera = 0; camera < set.Cameras; camera++)
        {
            if (set.Use(camera).Used)
            {
                _ledger.FrameUsed(camera);
            }
        }
    }

    private void Drop(FrameSet set, DropReason reason)
    {
        for (var camera = 0; camera < set.Cameras; camera++)
        {
            if (set.Use(camera).Used)
            {
                _ledger.FrameDropped(camera, reason);
            }
        }

        set.Release();
        _ledger.SetDropped(reason);
    }

    private static long Nanoseconds(long from, long to) => (long)((to - from) * (1e9 / Stopwatch.Frequency));
}
