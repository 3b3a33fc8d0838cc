using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>Runs of the tiny model, filled and driven by hand.</summary>
internal static class TinyRun
{
    public static void Ticks(IWorldRun run, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (run.Encode() != RunStatus.Ok || run.Remember() != RunStatus.Ok || run.Imagine(i % 2 == 0 ? 16 : 8) != RunStatus.Ok)
            {
                throw new InvalidOperationException("A tick failed.");
            }

            run.Commit();
        }
    }

    public static void AssertTick(IWorldRun run, int manoeuvres)
    {
        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.Ok, run.Remember());
        Assert.Equal(RunStatus.Ok, run.Imagine(manoeuvres));
    }

    public static void Manoeuvre(IWorldRun run, int number, float acceleration, float curvature)
    {
        for (var k = 0; k < 5; k++)
        {
            run.Manoeuvres[((number * 5) + k) * 2] = acceleration;
            run.Manoeuvres[(((number * 5) + k) * 2) + 1] = curvature;
        }
    }

    /// <summary>Different in every pixel and place, and the same in every process.</summary>
    public static void Scatter(OnnxWorldRun run)
    {
        var random = new Random(7);
        random.NextBytes(run.Images);
        foreach (ref var place in run.Lift)
        {
            place = (random.NextSingle() * 2) - 1;
        }

        run.LiftValid.Fill(1);
        run.CameraMask.Fill(1);
        foreach (ref var control in run.Manoeuvres)
        {
            control = random.NextSingle();
        }
    }

    /// <summary>All cameras see the same colour (0.8, 0.2, 0.4 of full) from every cell.</summary>
    public static IWorldRun Filled(OnnxWorldModel model, int cameras)
    {
        var run = model.CreateRun(cameras);
        for (var i = 0; i < run.Images.Length; i += 3)
        {
            run.Images[i] = 204;
            run.Images[i + 1] = 51;
            run.Images[i + 2] = 102;
        }

        run.LiftValid.Fill(1);
        run.CameraMask.Fill(1);
        return run;
    }
}
