using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Tests.Fixtures;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>Runs of any size, in steady state, and bit for bit.</summary>
public sealed class OnnxWorldRunSteadyTests : IDisposable
{
    private readonly OnnxWorldModel _model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cpu });

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(6)]
    public void CreateRun_AnyNumberOfCameras_GivesTensorsOfThatSize(int cameras)
    {
        using var run = TinyRun.Filled(_model, cameras);

        Assert.Equal(cameras * 64 * 128 * 3, run.Images.Length);
        Assert.Equal(cameras * 2 * 48 * 32 * 2, run.Lift.Length);
        Assert.Equal(cameras, run.CameraMask.Length);
        Assert.Equal(16 * 5 * 2, run.Manoeuvres.Length);
        TinyRun.AssertTick(run, 16);
        Assert.Equal(0.4f, run.Observed[0], 1e-5f);
    }

    [Fact]
    public void Tick_SteadyState_AllocatesNothing()
    {
        using var run = TinyRun.Filled(_model, 6);
        TinyRun.Ticks(run, 20);

        Assert.Equal(0, SteadyState.Allocated(() => TinyRun.Ticks(run, 50)));
    }

    [Fact]
    public void Exact_TwoRuns_GiveTheSameBits()
    {
        Assert.Equal(ExactBits(), ExactBits());

        static byte[] ExactBits()
        {
            using var model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Exact = true });
            using var run = (OnnxWorldRun)model.CreateRun(6);
            TinyRun.Scatter(run);
            TinyRun.Ticks(run, 7);
            TinyRun.AssertTick(run, 16);
            return [
                .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(run.CommittedState),
                .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(run.OccupancyLogits),
                .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(run.HazardLogits)];
        }
    }

    [Fact]
    public void Tick_ValuesPassedWithEveryRun_GivesTheSameBitsAsBoundOnes()
    {
        // As on a GPU, where bound inputs are copied once only and later changes would not be seen.
        var problems = new List<string>();
        var folder = ModelFolder.Read(TinyModel.Folder);
        using var sessions = ModelSessions.Open(folder, new OnnxOptions { Exact = true }, AppContext.BaseDirectory, problems);
        using var bound = new OnnxWorldRun(folder, sessions, 3, bindOnce: true, problems.Add);
        using var passed = new OnnxWorldRun(folder, sessions, 3, bindOnce: false, problems.Add);
        TinyRun.Scatter(bound);
        TinyRun.Scatter(passed);

        TinyRun.Ticks(bound, 5);
        TinyRun.Ticks(passed, 5);

        Assert.Empty(problems);
        Assert.Equal(bound.CommittedState.ToArray(), passed.CommittedState.ToArray());
        Assert.Equal(bound.OccupancyLogits.ToArray(), passed.OccupancyLogits.ToArray());
        Assert.Equal(bound.HazardLogits.ToArray(), passed.HazardLogits.ToArray());
    }
}
