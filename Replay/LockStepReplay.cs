using System.Diagnostics;
using Forecast.Pipeline;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Replay;

/// <summary>
/// Runs recorded cameras through the same journey as live ones, but in lock-step: the drive's clock moves to the next arrival only when
/// everything before it is done, so nothing is dropped for want of time, at any speed of the machine.
/// </summary>
public sealed class LockStepReplay : IDisposable
{
    /// <summary>Pictures of one camera that can lie between its decoder and the forecast made from them.</summary>
    public const int SlotsPerCamera = SlotsUnderWay + PrefetchedCamera.FramesAhead;

    private const int SlotsUnderWay = 12; // the aligner holds eight of a camera at most, two sets are under way

    private readonly Journey _journey;
    private readonly JourneyParts _parts;
    private readonly ForecastPublisher _publisher;
    private readonly DriveClock _clock;
    private readonly PrefetchedCamera[] _cameras;
    private readonly IReadOnlyList<EgoSample> _ego;
    private readonly IReadOnlyList<PlanSample> _plans;
    private readonly bool[] _ended;
    private int _nextEgo;
    private int _nextPlan;

    /// <param name="parts">Of a journey that runs every set (<see cref="JourneyOptions.EverySet"/>).</param>
    /// <param name="ego">In order of arrival.</param>
    /// <param name="plans">In order of arrival.</param>
    public LockStepReplay(
        JourneyParts parts,
        IReadOnlyList<IFrameSource> sources,
        IReadOnlyList<EgoSample> ego,
        IReadOnlyList<PlanSample> plans,
        int pictureBytes,
        ForecastPublisher publisher,
        DriveClock clock)
    {
        _parts = parts;
        _journey = new Journey(parts);
        _publisher = publisher;
        _clock = clock;
        _ego = ego;
        _plans = plans;
        _cameras = [.. sources.Select((source, camera) => new PrefetchedCamera(camera, source, pictureBytes, SlotsUnderWay, parts.Ledger))];
        _ended = new bool[_cameras.Length];
    }

    /// <summary>Times the drive's clock must be moved no faster than, against the wall; 0 for as fast as it goes.</summary>
    public double Speed { get; init; }

    /// <summary>Called after every frame set with the drive's time; for progress.</summary>
    public Action<Timestamp>? Progress { get; init; }

    /// <summary>Why a camera's recording could not be read to its end, by camera; null where it could.</summary>
    public IEnumerable<string?> Troubles => _cameras.Select(camera => camera.Trouble);

    /// <summary>Runs to the end of the recording, or until cancelled; then every slot is back, and the ledger has no frame in flight.</summary>
    /// <exception cref="InvalidOperationException">A step did not give its frame back.</exception>
    public void Run(CancellationToken cancelled)
    {
        var started = Stopwatch.GetTimestamp();
        Timestamp? first = null;
        while (!cancelled.IsCancellationRequested)
        {
            var camera = EarliestCamera();
            if (_journey.NextWake is { } wake && (camera < 0 || wake < _cameras[camera].Head.Frame.ArrivalTime))
            {
                MoveTo(wake);
                Travel();
                continue;
            }

            if (camera < 0)
            {
                break;
            }

            var frame = _cameras[camera].Take().Frame;
            first ??= frame.ArrivalTime;
            Pace(frame.ArrivalTime, first.Value, started, cancelled);
            MoveTo(frame.ArrivalTime);
            _journey.Arrive(frame);
            Travel();
        }

        Abandon();
    }

    public void Dispose()
    {
        foreach (var camera in _cameras)
        {
            camera.Dispose();
        }
    }

    private void Abandon()
    {
        _journey.Abandon();
        foreach (var camera in _cameras)
        {
            camera.Abandon();
            if (camera.SlotsOut != 0)
            {
                throw new InvalidOperationException($"{camera.SlotsOut} frame slots are still out after the replay has ended: a step did not give its frame back");
            }
        }
    }

    /// <summary>The camera whose next frame arrives first; -1 when all have ended.</summary>
    private int EarliestCamera()
    {
        var earliest = -1;
        for (var i = 0; i < _cameras.Length; i++)
        {
            if (_cameras[i].Head.Kind == CameraEventKind.Ended)
            {
                End(i);
            }
            else if (earliest < 0 || _cameras[i].Head.Frame.ArrivalTime < _cameras[earliest].Head.Frame.ArrivalTime)
            {
                earliest = i;
            }
        }

        return earliest;
    }

    private void End(int camera)
    {
        if (_ended[camera])
        {
            return;
        }

        _ended[camera] = true;
        _journey.CameraLost(camera);
        Travel(); // what waited for this camera waits no longer
    }

    private void MoveTo(Timestamp moment)
    {
        _clock.MoveTo(moment);
        while (_nextEgo < _ego.Count && _ego[_nextEgo].ArrivalTime <= moment)
        {
            _parts.Motion.OnEgo(_ego[_nextEgo++]);
        }

        while (_nextPlan < _plans.Count && _plans[_nextPlan].ArrivalTime <= moment)
        {
            _parts.Motion.OnPlan(_plans[_nextPlan++]);
        }
    }

    private void Travel()
    {
        var now = new Timestamp(_clock.GetTimestamp());
        while (_journey.TryTravel(now) is { } forecast)
        {
            _journey.Judged(forecast, now);
            _publisher.Publish(forecast);
            Progress?.Invoke(forecast.Reference);
            _parts.Forecasts.Return(forecast);
            _journey.Reflect(now); // before the next set's run takes the outputs
        }
    }

    private void Pace(Timestamp arrival, Timestamp first, long started, CancellationToken cancelled)
    {
        if (Speed <= 0)
        {
            return;
        }

        var due = TimeSpan.FromSeconds(arrival.SecondsSince(first) / Speed) - Stopwatch.GetElapsedTime(started);
        if (due > TimeSpan.Zero)
        {
            cancelled.WaitHandle.WaitOne(due);
        }
    }
}
