using System.Diagnostics;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Does the world do what was forecast? The world states of the last second are kept; after a forecast has left, the ones of 0.5 and 1 s ago
/// are imagined from again with what the vehicle really did since, and their latents compared with the map observed now, in the statistic that
/// the model names (<see cref="SurpriseCalibration"/>). What it finds, the next forecast says.
/// </summary>
public sealed class Surprise
{
    private readonly ModelManifest _manifest;
    private readonly IWorldRun _run;
    private readonly SurpriseCalibration? _measured;
    private readonly SurpriseCalibration? _estimated;
    private readonly LookBackCost _cost;
    private readonly SurpriseTracker _tracker;
    private readonly SurpriseReading _newest;
    private readonly PastTicks? _past;
    private readonly IPastStates? _states;
    private readonly Pose2[] _path;
    private readonly bool[] _cells;
    private readonly float[][] _before; // forecast - observed of the tick looked back from last, by horizon; only for an abrupt statistic
    private readonly bool[] _cellsBefore;
    private readonly OwnMotionDoubt? _own;
    private (Timestamp At, SurpriseCalibration By)? _looked; // whose errors are in _before; null: no one's
    private bool _successive;
    private SightMap? _sight;
    private AlarmEdge _edge;
    private PastTick _tick;
    private Timestamp _until;
    private bool _due;

    public Surprise(ModelManifest manifest, IWorldRun run, EgoMotionTrack motion, LookBackCost cost, Func<Guid> newEventId)
    {
        _manifest = manifest;
        _run = run;
        _measured = manifest.Calibration.Surprise;
        _estimated = manifest.Calibration.SurpriseEgoEstimated;
        _cost = cost;
        _tracker = new SurpriseTracker(newEventId);
        _newest = new SurpriseReading(manifest.HorizonsS);
        _path = new Pose2[manifest.HorizonsS.Count];
        _cells = new bool[manifest.Shapes.Observed[1] * manifest.Shapes.Observed[2]];
        var abrupt = _measured is { Abrupt: true } || _estimated is { Abrupt: true };
        _before = new float[_newest.Looks][];
        for (var k = 0; k < _before.Length; k++)
        {
            _before[k] = new float[abrupt ? run.Observed.Length : 0];
        }

        _cellsBefore = new bool[_cells.Length * _newest.Looks];
        _own = _measured?.OwnMotion is { } own ? new OwnMotionDoubt(own, manifest.TickPeriod) : null;
        if ((_measured ?? _estimated) is not null && _newest.Looks > 0)
        {
            _past = new PastTicks(manifest, motion, _newest.Looks, _cells.Length);
            _states = run.KeepPast(_past.Slots);
            _newest.Gap = SurpriseGap.NoHistory;
        }
    }

    /// <summary>Writes what the last look found into a forecast of the tick that has just been committed; an edge that nobody heard is told again.</summary>
    /// <param name="heard">False where nobody takes the forecast.</param>
    public void Tell(SceneForecast forecast, bool heard)
    {
        if (_newest.Moment is { } last)
        {
            Raise(_tracker.Miss(forecast.Reference, last));
            if (forecast.Reference <= last || forecast.Reference - last > SurpriseTracker.SilenceLimit)
            {
                _newest.Moment = null; // of a clock that has jumped, or too old to say
                _newest.Gap = _newest.Gap == SurpriseGap.None ? SurpriseGap.NoHistory : _newest.Gap;
            }
        }

        _newest.Surprised = _tracker.Standing is not null;
        forecast.Surprise.CopyFrom(_newest);
        forecast.Reasons |= _newest.Surprised ? DegradedReasons.Surprised : 0;
        (forecast.SurpriseEdge, forecast.SurpriseEvent) = heard ? (_edge, _edge == AlarmEdge.Falling ? _tracker.Fallen : _tracker.Standing) : (AlarmEdge.None, null);
        _edge = heard ? AlarmEdge.None : _edge;
    }

    /// <summary>Notes what <see cref="Look"/> needs of a forecast that is about to be handed over.</summary>
    /// <param name="until">The next frames may be there from then on.</param>
    public void Note(SceneForecast forecast, Timestamp until)
    {
        _tick = new PastTick(
            forecast.Reference, forecast.Dispatched, forecast.Speed, forecast.YawRate, forecast.Acceleration,
            forecast.EgoOrigin == EgoOrigin.Estimated, (forecast.Reasons & DegradedReasons.WarmingUp) != 0);
        _until = until;
        _due = _past is not null;
    }

    /// <summary>Looks for which there was no time, so far.</summary>
    public long Shed => _newest.Shed;

    /// <summary>Looks back from the tick noted last, if there is time for it, and keeps that tick's state. Does nothing where none was noted.</summary>
    public void Look(Timestamp now)
    {
        if (!_due)
        {
            return;
        }

        _due = false;
        var since = _looked is { } last ? _tick.Reference - last.At : TimeSpan.Zero; // below 0 where the clock went back
        var before = since > TimeSpan.Zero && since < _manifest.TickPeriod * 1.5 ? _looked?.By : null;
        _looked = null;
        _own?.See(_tick.Reference, _tick.Estimated || _tick.WarmingUp ? [] : _run.EgoAgreement);
        _sight ??= new SightMap(_manifest, _run.LiftValid);
        var cells = _past!.Begin(_tick);
        var sees = _sight.Fill(_run.CameraMask, cells);
        _newest.Gap = sees ? Compare(cells, now, before) : SurpriseGap.TooLittleToCompare;
        if (!_tick.WarmingUp)
        {
            _states!.Keep(_past.Slot);
        }

        _past.End();
    }

    /// <param name="before">By which the tick before was looked back from; null where that was not.</param>
    private SurpriseGap Compare(ReadOnlySpan<bool> cells, Timestamp now, SurpriseCalibration? before)
    {
        if (_tick.WarmingUp)
        {
            return SurpriseGap.WarmingUp;
        }

        var norms = (_measured ?? _estimated)!.Norms;
        if (!Reaches(norms))
        {
            return SurpriseGap.NoHistory;
        }

        if (CalibrationFor(norms) is not { } calibration)
        {
            return _measured is null ? SurpriseGap.NotCalibrated : SurpriseGap.EgoEstimated;
        }

        if (!Reaches(calibration.Norms))
        {
            return SurpriseGap.NoHistory;
        }

        if (!_cost.Fits(_until - now))
        {
            _cost.Shed();
            _newest.Shed++;
            return SurpriseGap.Shed;
        }

        var started = Stopwatch.GetTimestamp();
        _successive = ReferenceEquals(calibration, before);
        var gap = CompareBy(calibration, cells);
        if (gap != SurpriseGap.ModelFailed) // which says nothing of what a look costs
        {
            _cost.Observe(Stopwatch.GetElapsedTime(started));
        }

        return gap;
    }

    /// <summary>Whether there is a state to look back to for each of these horizons.</summary>
    private bool Reaches(IReadOnlyList<SurpriseNorm> norms)
    {
        for (var i = 0; i < norms.Count; i++) // an enumerator of an interface would be allocated
        {
            if (_past!.Find(norms[i].HorizonS) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>That of measured motion where the way since every one of these horizons is known, else that of estimated motion; null where the model has none of that kind.</summary>
    private SurpriseCalibration? CalibrationFor(IReadOnlyList<SurpriseNorm> norms)
    {
        var known = true;
        for (var i = 0; i < norms.Count; i++)
        {
            known &= _past!.Controls(_past.Find(norms[i].HorizonS)!.Value, PlaceOf(norms[i]), _states!.Controls);
        }

        return known ? _measured : _estimated;
    }

    /// <summary>Every horizon of the calibration, or none: the score is made of all.</summary>
    private SurpriseGap CompareBy(SurpriseCalibration calibration, ReadOnlySpan<bool> cells)
    {
        Span<float> errors = stackalloc float[_newest.Looks];
        Span<float> scores = stackalloc float[_newest.Looks];
        errors.Fill(float.NaN);
        scores.Fill(float.NaN);
        double sum = 0;
        var comparable = true;
        for (var i = 0; i < calibration.Norms.Count; i++)
        {
            var norm = calibration.Norms[i];
            var k = PlaceOf(norm);
            var slot = _past!.Find(norm.HorizonS)!.Value;
            _past.Controls(slot, k, _states!.Controls);
            _past.Ego(slot, _states.Ego);
            if (_states.Imagine(slot) != RunStatus.Ok)
            {
                return SurpriseGap.ModelFailed;
            }

            var (error, value) = StatisticAt(k, slot, cells, norm, calibration);
            if (double.IsNaN(value))
            {
                comparable = false; // the others' errors are kept all the same, for the next tick
                continue;
            }

            var score = (value - norm.Mean) / norm.Sd;
            (errors[k], scores[k]) = ((float)error, (float)score);
            sum += score;
        }

        _looked = calibration.Abrupt ? (_tick.Reference, calibration) : null;
        if (calibration.Abrupt && !_successive)
        {
            return SurpriseGap.NoHistory;
        }

        if (!comparable)
        {
            return SurpriseGap.TooLittleToCompare;
        }

        Score(calibration, errors, scores, (float)(sum / calibration.Norms.Count));
        return SurpriseGap.None;
    }

    private (double Error, double Value) StatisticAt(int k, int slot, ReadOnlySpan<bool> cells, SurpriseNorm norm, SurpriseCalibration calibration)
    {
        PathRollout.Roll(_states!.Controls, _states.Ego[0], _manifest.HorizonsS, _path);
        _sight!.Intersect(cells, _past!.KnownOf(slot), _path[k], _cells);
        var size = _run.Observed.Length;
        var forecast = _states.Latents.Slice(k * size, size);
        if (!calibration.Abrupt)
        {
            return SurpriseStatistic.Of(forecast, _run.Observed, _cells, norm, calibration.WorstCells);
        }

        var before = _before[k];
        var known = _cellsBefore.AsSpan(k * _cells.Length, _cells.Length);
        for (var cell = 0; cell < _cells.Length; cell++)
        {
            (known[cell], _cells[cell]) = (_cells[cell], _cells[cell] && known[cell]);
        }

        var found = _successive ? SurpriseStatistic.Of(forecast, _run.Observed, before, _cells, norm, calibration.WorstCells) : (0, 0);
        for (var i = 0; i < before.Length; i++)
        {
            before[i] = forecast[i] - _run.Observed[i];
        }

        return found;
    }

    private void Score(SurpriseCalibration calibration, ReadOnlySpan<float> errors, ReadOnlySpan<float> scores, float overall)
    {
        errors.CopyTo(_newest.Error);
        scores.CopyTo(_newest.Score);
        _newest.OwnMotion = calibration.OwnMotion is null || _own is null ? float.NaN : _own.Score;
        overall = _newest.OwnMotion > overall ? _newest.OwnMotion : overall;
        (_newest.Moment, _newest.Overall, _newest.Threshold) = (_tick.Reference, overall, (float)calibration.Threshold);
        Raise(_tracker.See(_tick.Reference, overall, calibration));
    }

    /// <summary>Among the manifest's horizons; loading has checked that it is one of them.</summary>
    private int PlaceOf(SurpriseNorm norm)
    {
        var k = 0;
        while (Math.Abs(_manifest.HorizonsS[k] - norm.HorizonS) > 1e-6)
        {
            k++;
        }

        return k;
    }

    private void Raise(AlarmEdge edge) => _edge = edge == AlarmEdge.None ? _edge : edge;
}
