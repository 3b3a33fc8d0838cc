using System.Diagnostics;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Inference;

/// <summary>
/// Steps 5 to 7 for one frame set: gather the pictures, encode, remember, imagine; and the rule of what is remembered: a run commits
/// only when all of it was finite; a second failure in a row, a long gap, a jump of the clock or of the ego starts from the initial state.
/// </summary>
public sealed class WorldStep
{
    /// <summary>No vehicle moves further or turns faster for the time between two states: 250 km/h, half a turn a second.</summary>
    private const double FastestMps = 70;
    private const double FastestTurnRadps = 3;

    private readonly IWorldRun _run;
    private readonly ModelManifest _manifest;
    private readonly EgoMotionTrack _motion;
    private readonly Manoeuvres _manoeuvres;
    private readonly Ledger _ledger;
    private readonly int _pictureBytes;
    private readonly int[] _cameras;
    private Timestamp? _committed;
    private Timestamp _firstCommitted;
    private int _failures;
    private bool _absurdMotion;

    public WorldStep(IWorldRun run, ModelManifest manifest, Rig rig, EgoMotionTrack motion, Manoeuvres manoeuvres, Ledger ledger)
    {
        _run = run;
        _manifest = manifest;
        _motion = motion;
        _manoeuvres = manoeuvres;
        _ledger = ledger;
        _cameras = new int[rig.Cameras.Count];
        _pictureBytes = manifest.InputWidthPx * manifest.InputHeightPx * 3;
        Lift.Fill(rig, manifest, run.Lift, run.LiftValid);
        run.Footprint[0] = (float)rig.Vehicle.LengthM;
        run.Footprint[1] = (float)rig.Vehicle.WidthM;
        run.Footprint[2] = (float)rig.Vehicle.RearOverhangM;
    }

    /// <summary>
    /// Runs the model on the set and gives the set's slots back. True when <paramref name="forecast"/> holds the motion, the controls and
    /// the run's outputs may be read; false when the model failed, and nothing of it may be used.
    /// </summary>
    /// <param name="rung">How many manoeuvres to imagine; fewer cameras than the rig's are encoded in a batch of those that are used.</param>
    public bool TryRun(FrameSet set, Rung rung, SceneForecast forecast)
    {
        var elapsed = ResetIfBroken(set);
        var used = Gather(set, forecast);
        DescribeMotion(set, elapsed, forecast);

        var started = Stopwatch.GetTimestamp();
        var status = rung.Cameras >= _cameras.Length ? _run.Encode() : _run.EncodeOnly(used);
        started = Measured(forecast, Stage.Encode, started);
        if (status == RunStatus.Ok)
        {
            status = _run.Remember();
            started = Measured(forecast, Stage.Remember, started);
        }

        if (status == RunStatus.Ok)
        {
            DescribeIntention(set, forecast, rung.Manoeuvres);
            status = _run.Imagine(rung.Manoeuvres);
            Measured(forecast, Stage.Imagine, started);
        }

        if (status != RunStatus.Ok)
        {
            Fail();
            return false;
        }

        Commit(set);
        forecast.Reasons |= WarmingUp(set.Reference) ? DegradedReasons.WarmingUp : DegradedReasons.None;
        return true;
    }

    private TimeSpan ResetIfBroken(FrameSet set)
    {
        if (_committed is not { } committed)
        {
            return TimeSpan.Zero;
        }

        var elapsed = set.Reference - committed;
        if (!set.AfterJump && elapsed > TimeSpan.Zero && elapsed <= _manifest.LargestGap)
        {
            return elapsed;
        }

        StartAgain(set.AfterJump ? ResetReason.ClockJump : ResetReason.Gap);
        return TimeSpan.Zero;
    }

    /// <returns>The cameras whose pictures are used, in the rig's order.</returns>
    private ReadOnlySpan<int> Gather(FrameSet set, SceneForecast forecast)
    {
        var used = 0;
        for (var camera = 0; camera < set.Cameras; camera++)
        {
            var use = set.Use(camera);
            forecast.Cameras[camera] = use;
            _run.CameraMask[camera] = use.Used ? 1 : 0;
            _run.CameraAgeS[camera] = use.Used ? (float)set.Reference.SecondsSince(use.CaptureTime) : 0;
            if (use.Used)
            {
                _cameras[used++] = camera;
                set[camera].Lease.Pixels.CopyTo(_run.Images.Slice(camera * _pictureBytes, _pictureBytes));
            }
        }

        set.Release();
        return _cameras.AsSpan(0, used);
    }

    private void DescribeMotion(FrameSet set, TimeSpan elapsed, SceneForecast forecast)
    {
        var now = forecast.Dispatched;
        var ego = _motion.At(set.Reference, now);
        var travelled = TravelledAsAVehicleDoes(ego, set.Reference, now, ref elapsed);
        _run.EgoMotion.Clear();
        if (travelled is var (x, y, yaw))
        {
            _run.EgoMotion[0] = x;
            _run.EgoMotion[1] = y;
            _run.EgoMotion[2] = yaw;
            _run.EgoMotion[3] = ego.Speed;
            _run.EgoMotion[4] = ego.YawRate;
            _run.EgoMotion[5] = 1;
        }

        _run.ElapsedS[0] = (float)elapsed.TotalSeconds;
        forecast.NewestEgoStamp = ego.NewestStamp;
        forecast.EgoHeld = ego.Held;
        forecast.EgoOrigin = travelled is null ? EgoOrigin.Estimated : ego.Knowledge == EgoKnowledge.Extrapolated ? EgoOrigin.Extrapolated : EgoOrigin.Measured;
        forecast.Speed = ego.Speed;
        forecast.YawRate = ego.YawRate;
        forecast.Acceleration = ego.Acceleration;
    }

    /// <summary>
    /// The way since the committed state; null where it is not known, or is none that a vehicle makes: then the model's own estimate stands in
    /// for as long as that lasts, and its beginning, a jump, starts from the initial state.
    /// </summary>
    private (float X, float Y, float Yaw)? TravelledAsAVehicleDoes(in EgoState ego, Timestamp reference, Timestamp now, ref TimeSpan elapsed)
    {
        var travelled = _committed is { } committed ? _motion.Travelled(committed, reference, now) : (0, 0, 0);
        if (ego.Knowledge == EgoKnowledge.Unknown || travelled is not var (x, y, yaw))
        {
            return null;
        }

        var seconds = elapsed.TotalSeconds;
        var absurd = Math.Abs(ego.Speed) > FastestMps || Math.Abs(ego.YawRate) > FastestTurnRadps
            || Math.Sqrt((x * x) + (y * y)) > FastestMps * seconds || Math.Abs(yaw) > FastestTurnRadps * seconds;
        if (absurd && !_absurdMotion && _committed is not null)
        {
            StartAgain(ResetReason.EgoJump);
            elapsed = TimeSpan.Zero;
        }

        _absurdMotion = absurd;
        return absurd ? null : travelled;
    }

    /// <summary>After remembering, since without a log the model's own estimate of this very tick is the best there is.</summary>
    private void DescribeIntention(FrameSet set, SceneForecast forecast, int manoeuvres)
    {
        if (forecast.EgoOrigin == EgoOrigin.Estimated)
        {
            forecast.Speed = Math.Max(0, _run.EgoEstimate[0]);
            forecast.YawRate = _run.EgoEstimate[1];
            forecast.Acceleration = _run.EgoEstimate[2];
        }

        _run.Ego[0] = forecast.Speed;
        _run.Ego[1] = forecast.YawRate;
        _run.Ego[2] = forecast.Acceleration;
        var plan = _motion.PlanAt(set.Reference, forecast.Dispatched);
        forecast.Given = _manoeuvres.Write(_run.Manoeuvres, plan, forecast.Speed, forecast.YawRate, forecast.Acceleration);
        forecast.Manoeuvres = manoeuvres;
    }

    private void Commit(FrameSet set)
    {
        _run.Commit();
        if (_committed is null)
        {
            _firstCommitted = set.Reference;
        }

        _committed = set.Reference;
        _failures = 0;
    }

    private bool WarmingUp(Timestamp reference) => reference - _firstCommitted < _manifest.History;

    private void Fail()
    {
        if (++_failures >= 2)
        {
            StartAgain(ResetReason.ModelFailed);
        }
    }

    private void StartAgain(ResetReason reason)
    {
        _run.Reset();
        _committed = null;
        _failures = 0;
        _ledger.StateReset(reason);
    }

    private static long Measured(SceneForecast forecast, Stage stage, long started)
    {
        var now = Stopwatch.GetTimestamp();
        forecast.Times[stage] = (long)((now - started) * (1e9 / Stopwatch.Frequency));
        return now;
    }
}
