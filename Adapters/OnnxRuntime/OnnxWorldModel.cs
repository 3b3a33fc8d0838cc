using System.Diagnostics;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>A world model under ONNX Runtime, from a model folder that was checked whole.</summary>
public sealed class OnnxWorldModel : IWorldModel
{
    private readonly ModelFolder _folder;
    private readonly ModelSessions _sessions;
    private readonly Action<string> _log;

    private OnnxWorldModel(ModelFolder folder, ModelSessions sessions, Action<string> log)
    {
        _folder = folder;
        _sessions = sessions;
        _log = log;
        Manifest = folder.Manifest;
    }

    /// <summary>With a rig's calibration in it, where one was given.</summary>
    public ModelManifest Manifest { get; private set; }

    /// <summary>The rig's calibration that stands in place of the model's own; null: none.</summary>
    public RigCalibration? Calibration { get; private set; }

    public string Provider => ProviderReport.Live;

    /// <summary>What was wished, what is live, and why.</summary>
    public ProviderReport ProviderReport => _sessions.Provider;

    /// <summary>Reads the folder, loads its graphs and tries them with the fewest and the most cameras.</summary>
    /// <param name="log">Gets one line for each run that the runtime refused, on the caller's thread of that run.</param>
    /// <exception cref="ModelFolderException">Anything about the folder does not fit; everything that does not is named.</exception>
    /// <exception cref="ProviderUnavailableException">CUDA was demanded and cannot be had.</exception>
    /// <exception cref="SignatureException">A signature is demanded, and is missing or wrong: nothing of the folder was used.</exception>
    public static OnnxWorldModel Load(string path, OnnxOptions? options = null, Action<string>? log = null) =>
        Load(path, options ?? new OnnxOptions(), log, AppContext.BaseDirectory);

    internal static OnnxWorldModel Load(string path, OnnxOptions options, Action<string>? log, string providers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.IntraOpThreads, 1, nameof(options.IntraOpThreads));
        if (options is { Exact: true, Provider: ProviderWish.Cuda })
        {
            throw new ProviderUnavailableException("An exact run needs the CPU; choose the provider cpu or auto with it.");
        }

        var problems = new List<string>();
        if (ModelFolder.Read(path, problems, options.SignedBy) is not { } folder)
        {
            throw new ModelFolderException(path, problems);
        }

        var sessions = ModelSessions.Open(folder, options, providers, problems);
        try
        {
            GraphCheck.Run(folder, sessions, problems);
            if (problems.Count == 0)
            {
                TrialRun(folder, sessions, problems);
            }

            return problems.Count == 0
                ? new OnnxWorldModel(folder, sessions, log ?? (_ => { }))
                : throw new ModelFolderException(path, problems);
        }
        catch
        {
            sessions.Dispose();
            throw;
        }
    }

    /// <summary>From here on <see cref="Manifest"/> is as calibrated for one rig; before any run is made.</summary>
    public void Calibrate(RigCalibration calibration)
    {
        Calibration = calibration;
        Manifest = calibration.ApplyTo(_folder.Manifest);
    }

    /// <inheritdoc/>
    public IWorldRun CreateRun(int cameras)
    {
        if (cameras < Manifest.CamerasMin || cameras > Manifest.CamerasMax)
        {
            throw new ArgumentOutOfRangeException(
                nameof(cameras), $"The model {Manifest.Name} knows {Manifest.CamerasMin} to {Manifest.CamerasMax} cameras; the rig has {cameras}.");
        }

        return new OnnxWorldRun(_folder, _sessions, cameras, _sessions.Provider.IsCpu, _log);
    }

    /// <summary>Runs whole ticks at each rung and times them, so that the first real one finds everything in place and the scheduler a cost.</summary>
    /// <param name="repeats">Timed ticks a rung, after three that are not.</param>
    public IReadOnlyList<ServiceTime> WarmUp(int cameras, IReadOnlyList<Rung> rungs, int repeats = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        using var run = (OnnxWorldRun)CreateRun(cameras);
        Blank(run);
        run.ElapsedS[0] = (float)Manifest.TickPeriod.TotalSeconds;
        var ticks = new TimeSpan[repeats];
        var times = new List<ServiceTime>(rungs.Count);
        foreach (var rung in rungs)
        {
            for (var i = -3; i < repeats; i++)
            {
                var start = Stopwatch.GetTimestamp();
                if (Tick(run, cameras, rung) is var status and not RunStatus.Ok)
                {
                    throw new InvalidOperationException($"The model {Manifest.Name} cannot be timed: a tick with {rung.Manoeuvres} manoeuvres ended {status}.");
                }

                run.Commit();
                ticks[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(start);
            }

            Array.Sort(ticks);
            times.Add(new ServiceTime(Math.Min(cameras, rung.Cameras), rung.Manoeuvres, ticks[(repeats - 1) / 2], ticks[(int)Math.Ceiling(repeats * 0.99) - 1]));
        }

        return times;
    }

    public void Dispose() => _sessions.Dispose();

    /// <summary>Shapes that the graphs cannot state, and axes that were dynamic in name only, show in a run.</summary>
    private static void TrialRun(ModelFolder folder, ModelSessions sessions, List<string> problems)
    {
        Try(folder.Manifest.CamerasMin, 1);
        Try(folder.Manifest.CamerasMax, folder.Manifest.Candidates.Count);

        void Try(int cameras, int manoeuvres)
        {
            var trial = $"in a trial with cameras: {cameras}, manoeuvres: {manoeuvres}; export the model again";
            using var run = new OnnxWorldRun(folder, sessions, cameras, sessions.Provider.IsCpu, problem => problems.Add($"{problem}, {trial}"));
            Blank(run);
            if (Tick(run, cameras, new Rung(manoeuvres, cameras)) == RunStatus.NotFinite)
            {
                problems.Add($"the graphs give values that are not finite, {trial}");
            }
        }
    }

    private static RunStatus Tick(OnnxWorldRun run, int cameras, Rung rung)
    {
        var status = rung.Cameras >= cameras ? run.Encode() : run.EncodeOnly([.. Enumerable.Range(0, rung.Cameras)]);
        status = status == RunStatus.Ok ? run.Remember() : status;
        return status == RunStatus.Ok ? run.Imagine(rung.Manoeuvres) : status;
    }

    /// <summary>A first tick: black pictures of cameras that all look straight at every cell, of whose motion nothing is known.</summary>
    private static void Blank(OnnxWorldRun run)
    {
        run.LiftValid.Fill(1);
        run.CameraMask.Fill(1);
        run.Footprint[0] = 4.6f;
        run.Footprint[1] = 1.85f;
        run.Footprint[2] = 0.95f;
    }
}

/// <summary>How long a whole tick of the model took: encode, remember and imagine.</summary>
/// <param name="P99">With fewer than a hundred ticks the longest.</param>
public readonly record struct ServiceTime(int Cameras, int Manoeuvres, TimeSpan Median, TimeSpan P99);
