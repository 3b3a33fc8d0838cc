using System.Diagnostics;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Benchmarks;

/// <summary>
/// What one would write in an afternoon: at each tick decode and prepare every camera into the model's input, then run it. No queues, no deadline,
/// no faults, nothing published. Sequential, or with a thread a camera as the pipeline has.
/// </summary>
public sealed class BareLoop(IWorldRun run, Rig rig, ModelManifest manifest, IReadOnlyList<IFrameSource> cameras, bool parallel)
{
    private readonly int _pictureBytes = manifest.InputWidthPx * manifest.InputHeightPx * 3;

    /// <summary>From the moment a tick's pictures are there to the end of its run; nanoseconds.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Ticks a second over the whole run.</summary>
    public double RateHz { get; private set; }

    /// <param name="period">Between ticks; zero: as fast as it goes.</param>
    public void Run(int ticks, TimeSpan period)
    {
        Lift.Fill(rig, manifest, run.Lift, run.LiftValid);
        run.CameraMask.Fill(1);
        run.Footprint[0] = (float)rig.Vehicle.LengthM;
        run.Footprint[1] = (float)rig.Vehicle.WidthM;
        run.Footprint[2] = (float)rig.Vehicle.RearOverhangM;
        run.ElapsedS[0] = (float)manifest.TickPeriod.TotalSeconds;
        using var barrier = new Barrier(parallel ? cameras.Count + 1 : 1);
        using var pause = new ManualResetEventSlim(false);
        var started = Stopwatch.GetTimestamp();
        var workers = parallel ? Enumerable.Range(0, cameras.Count).Select(camera => Worker(camera, ticks, period, started, barrier)).ToList() : [];
        for (var tick = 0; tick < ticks; tick++)
        {
            var due = period * tick;
            if (parallel)
            {
                barrier.SignalAndWait(); // every camera of this tick is in the input
            }
            else
            {
                WaitUntil(due, started, pause);
                for (var camera = 0; camera < cameras.Count; camera++)
                {
                    Take(camera);
                }
            }

            Infer();
            Latency.Record((long)((Stopwatch.GetElapsedTime(started) - due).TotalNanoseconds));
            if (parallel)
            {
                barrier.SignalAndWait(); // the input may be written again
            }
        }

        RateHz = ticks / Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var worker in workers)
        {
            worker.Join();
        }
    }

    private Thread Worker(int camera, int ticks, TimeSpan period, long started, Barrier barrier)
    {
        var thread = new Thread(() =>
        {
            using var pause = new ManualResetEventSlim(false);
            for (var tick = 0; tick < ticks; tick++)
            {
                WaitUntil(period * tick, started, pause);
                Take(camera);
                barrier.SignalAndWait();
                barrier.SignalAndWait();
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        return thread;
    }

    private static void WaitUntil(TimeSpan due, long started, ManualResetEventSlim pause)
    {
        var wait = due - Stopwatch.GetElapsedTime(started);
        if (wait > TimeSpan.Zero)
        {
            pause.Wait(wait);
        }
    }

    private void Take(int camera)
    {
        cameras[camera].Grab();
        cameras[camera].Prepare(run.Images.Slice(camera * _pictureBytes, _pictureBytes));
    }

    private void Infer()
    {
        var ok = run.Encode() == RunStatus.Ok && run.Remember() == RunStatus.Ok && run.Imagine(manifest.Candidates.Count) == RunStatus.Ok;
        if (!ok)
        {
            throw new InvalidOperationException("the model failed in the bare loop");
        }

        run.Commit();
    }
}
