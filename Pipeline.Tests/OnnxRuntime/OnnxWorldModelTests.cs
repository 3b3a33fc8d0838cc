using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Tests.Fixtures;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

public sealed class OnnxWorldModelTests
{
    [Theory]
    [InlineData(ProviderWish.Auto, false)]
    [InlineData(ProviderWish.Cpu, false)]
    [InlineData(ProviderWish.Auto, true)]
    public void Load_WithoutCudaLibraries_RunsOnTheCpuAndSaysWhy(ProviderWish wish, bool exact)
    {
        using var model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = wish, Exact = exact });

        Assert.Equal("cpu", model.Provider);
        Assert.Equal(wish, model.ProviderReport.Wished);
        Assert.Equal(
            exact ? "an exact run needs the CPU: other providers' results differ from run to run"
            : wish == ProviderWish.Cpu ? "the CPU was asked for"
            : "libonnxruntime_providers_shared.so does not lie beside libonnxruntime.so",
            model.ProviderReport.Why);
    }

    [Fact]
    public void Load_CudaDemandedAndNotThere_RefusesWithARemedy()
    {
        var thrown = Assert.Throws<ProviderUnavailableException>(
            () => OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cuda }));

        Assert.Contains("does not lie beside libonnxruntime.so", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Choose cpu or auto", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CudaDemandedForAnExactRun_Refuses() => Assert.Throws<ProviderUnavailableException>(
        () => OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cuda, Exact = true }));

    [Fact]
    public void RefusalWithoutTrying_LibrariesThere_IsNone()
    {
        var folder = Directory.CreateTempSubdirectory("forecast-cuda-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "libonnxruntime_providers_shared.so"), "");
            File.WriteAllText(Path.Combine(folder, "libonnxruntime_providers_cuda.so"), "");

            Assert.Null(ModelSessions.RefusalWithoutTrying(new OnnxOptions(), folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void TryAppendCuda_NoGpuHere_GivesAReasonAndLeavesACpuSessionUsable()
    {
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, "libonnxruntime_providers_cuda.so")))
        {
            return;
        }

        using var session = new SessionOptions();
        var reason = ModelSessions.TryAppendCuda(session, 0);

        Assert.NotNull(reason);
        Assert.NotEmpty(reason);
        using var loaded = new InferenceSession(Path.Combine(TinyModel.Folder, "encoder.onnx"), session);
        Assert.Equal("images", Assert.Single(loaded.InputNames));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void CreateRun_CamerasThatTheModelDoesNotKnow_Refuses(int cameras)
    {
        using var model = OnnxWorldModel.Load(TinyModel.Folder);

        var thrown = Assert.Throws<ArgumentOutOfRangeException>(() => model.CreateRun(cameras));

        Assert.Contains($"knows 1 to 6 cameras; the rig has {cameras}", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WarmUp_Rungs_TimesEachOne()
    {
        using var model = OnnxWorldModel.Load(TinyModel.Folder);

        var times = model.WarmUp(6, [16, 8, 1], repeats: 5);

        Assert.Equal([16, 8, 1], times.Select(t => t.Manoeuvres));
        Assert.All(times, t => Assert.True(t.Median > TimeSpan.Zero && t.P99 >= t.Median));
    }

    [Fact]
    public void Dispose_RunStillThere_ItRefusesToGoOn()
    {
        var model = OnnxWorldModel.Load(TinyModel.Folder);
        using var run = model.CreateRun(1);
        model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => run.Encode());
    }
}
