using Forecast.Adapters.Drives;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Replay.Faults;

/// <summary>
/// The faults of one run, put round its ports. What no fault concerns is given back as it is: a run without faults has nothing of them on its way.
/// </summary>
public sealed class InjectedFaults
{
    private readonly IReadOnlyList<Fault> _faults;
    private readonly FaultTimer _timer;
    private readonly Action<TimeSpan> _wait;
    private readonly bool[] _told;

    /// <param name="time">Of the run; the faults' windows are on its monotonic counter.</param>
    /// <param name="wait">How something slow or hung passes its time; null: it sleeps.</param>
    /// <exception cref="UnusableInputException">A fault of a camera that the rig does not have.</exception>
    public InjectedFaults(IReadOnlyList<Fault> faults, Rig rig, TimeProvider time, Action<TimeSpan>? wait = null)
    {
        ThrowIfUnknown(faults, rig);
        _faults = faults;
        _timer = new FaultTimer(time);
        _wait = wait ?? Thread.Sleep;
        _told = new bool[faults.Count];
        var steps = Of(FaultTarget.Clock);
        Time = steps.Count == 0 ? time : new SteppedTime(time, steps, _timer);
    }

    /// <summary>What the run's clock is to stand on.</summary>
    public TimeProvider Time { get; }

    /// <summary>As they were written.</summary>
    public IReadOnlyList<string> Texts => [.. _faults.Select(fault => fault.Text)];

    /// <summary>The faults' times count from now.</summary>
    public void Begin() => _timer.Begin();

    /// <summary>A line for each fault that has begun or ended since the last call.</summary>
    public IReadOnlyList<string> News()
    {
        var lines = new List<string>();
        for (var i = 0; i < _faults.Count; i++)
        {
            var holds = _faults[i].HoldsAt(_timer.Elapsed);
            if (holds != _told[i])
            {
                _told[i] = holds;
                lines.Add($"injected: {_faults[i].Text} {(holds ? "begins" : "has ended")}");
            }
        }

        return lines;
    }

    public IReadOnlyList<IFrameSource> Around(IReadOnlyList<IFrameSource> sources) => [.. sources.Select((source, camera) => Around(source, camera))];

    public IWorldRun Around(IWorldRun run) => Of(FaultTarget.Model) is { Count: > 0 } faults ? new FaultyWorldRun(run, Schedule(faults)) : run;

    public IForecastSink Around(IForecastSink sink) => Of(FaultTarget.Sink) is { Count: > 0 } faults ? new FaultySink(sink, Schedule(faults)) : sink;

    private IFrameSource Around(IFrameSource source, int camera)
    {
        var faults = _faults.Where(fault => fault.Concerns(source.Camera)).ToList();
        return faults.Count == 0 ? source : new FaultyFrameSource(source, Schedule(faults), seed: camera);
    }

    private static void ThrowIfUnknown(IReadOnlyList<Fault> faults, Rig rig)
    {
        var names = rig.Cameras.Select(camera => camera.Name).ToList();
        var problems = new List<string>();
        foreach (var fault in faults.Where(fault => fault.Camera is not (null or Fault.EveryCamera) && !names.Contains(fault.Camera)))
        {
            var meant = Suggestion.For(fault.Camera!, names);
            problems.Add($"--inject {fault.Text}: the rig has no camera {fault.Camera}{(meant is null ? "" : $"; did you mean {meant}?")}; it has {string.Join(", ", names)}");
        }

        if (problems.Count > 0)
        {
            throw new UnusableInputException(problems);
        }
    }

    private List<Fault> Of(FaultTarget target) => [.. _faults.Where(fault => fault.Target == target)];

    private FaultSchedule Schedule(IReadOnlyList<Fault> faults) => new(faults, _timer, _wait);
}
