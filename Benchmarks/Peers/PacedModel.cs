using System.Diagnostics;
using Forecast.Pipeline.Inference;

namespace Forecast.Benchmarks.Peers;

/// <summary>The inference path alone, paced at the model's rate and then back to back, and the processor time of each: what waiting costs.</summary>
public static class PacedModel
{
    private const int Settle = 20;

    public static ModelFigures Measure(IWorldModel model, int cameras, int manoeuvres, TimeSpan length)
    {
        using var run = model.CreateRun(cameras);
        run.CameraMask.Fill(1);
        for (var i = 0; i < run.Images.Length; i++)
        {
            run.Images[i] = (byte)(i * 7919 % 256);
        }

        for (var i = 0; i < Settle; i++)
        {
            Tick(run, manoeuvres);
        }

        var period = model.Manifest.TickPeriod;
        var took = new double[(int)(length / period)];
        using var process = Process.GetCurrentProcess();
        var started = Stopwatch.GetTimestamp();
        var cpu = process.TotalProcessorTime;
        for (var tick = 0; tick < took.Length; tick++)
        {
            var wait = (period * tick) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }

            var began = Stopwatch.GetTimestamp();
            Tick(run, manoeuvres);
            took[tick] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        var paced = CpuSince(process, cpu) / took.Length;
        cpu = process.TotalProcessorTime;
        for (var tick = 0; tick < took.Length; tick++)
        {
            Tick(run, manoeuvres);
        }

        return new ModelFigures(Samples.Quantile(took, 0.5), Samples.Quantile(took, 0.99), paced, CpuSince(process, cpu) / took.Length);
    }

    private static double CpuSince(Process process, TimeSpan before)
    {
        process.Refresh();
        return (process.TotalProcessorTime - before).TotalMilliseconds;
    }

    private static void Tick(IWorldRun run, int manoeuvres)
    {
        if (run.Encode() != RunStatus.Ok || run.Remember() != RunStatus.Ok || run.Imagine(manoeuvres) != RunStatus.Ok)
        {
            throw new InvalidOperationException("the model failed in the benchmark");
        }

        run.Commit();
    }
}

/// <summary>Milliseconds a tick; the last two of processor time, over all threads of the process.</summary>
public sealed record ModelFigures(double P50Ms, double P99Ms, double CpuPacedMs, double CpuPureMs);
