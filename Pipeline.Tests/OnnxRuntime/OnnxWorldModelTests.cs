using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fixtures;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

public sealed class OnnxWorldModelTests : IDisposable
{
    private readonly string _providers = Directory.CreateTempSubdirectory("forecast-providers-").FullName;

    public void Dispose() => Directory.Delete(_providers, recursive: true);

    [Theory]
    [InlineData(ProviderWish.Auto, false, "libonnxruntime_providers_shared.so does not lie beside libonnxruntime.so")]
    [InlineData(ProviderWish.Cpu, false, "the CPU was asked for")]
    [InlineData(ProviderWish.Auto, true, "an exact run needs the CPU: other providers' results differ from run to run")]
    public void Load_WithoutCudaLibraries_RunsOnTheCpuAndSaysWhy(ProviderWish wish, bool exact, string why)
    {
        using var model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = wish, Exact = exact }, null, _providers);

        Assert.Equal("cpu", model.Provider);
        Assert.Equal(new ProviderReport(wish, "cpu", why), model.ProviderReport);
    }

    [Fact]
    public void Load_CudaDemandedAndNotThere_RefusesWithARemedy()
    {
        var thrown = Assert.Throws<ProviderUnavailableException>(
            () => OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cuda }, null, _providers));

        Assert.Contains("libonnxruntime_providers_shared.so does not lie beside libonnxruntime.so", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Choose cpu or auto", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CudaDemandedForAnExactRun_Refuses() => Assert.Throws<ProviderUnavailableException>(
        () => OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cuda, Exact = true }));

    [Fact]
    public void Load_CudaLibrariesThere_TriesCudaAndSaysWhatCameOfIt()
    {
        File.WriteAllText(Path.Combine(_providers, "libonnxruntime_providers_shared.so"), "");
        File.WriteAllText(Path.Combine(_providers, "libonnxruntime_providers_cuda.so"), "");

        using var model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions(), null, _providers);

        // The runtime itself looks beside its core. Where that is a machine with a GPU and all its libraries, this is a run on it.
        Assert.Equal(model.Provider == "cpu", !model.ProviderReport.Why.StartsWith("CUDA's provider library loaded", StringComparison.Ordinal));
        using var run = model.CreateRun(1);
        Assert.Equal(RunStatus.Ok, run.Encode());
    }

    [Fact]
    public void TryAppendCuda_Refused_GivesOneLineAndLeavesTheSessionUsable()
    {
        using var session = new SessionOptions();

        var reason = ModelSessions.TryAppendCuda(session, 4096); // no machine has so many

        if (reason is null)
        {
            // Where CUDA is there, the device is looked for only now.
            Assert.Throws<OnnxRuntimeException>(() => new InferenceSession(Path.Combine(TinyModel.Folder, "encoder.onnx"), session));
            return;
        }

        Assert.DoesNotContain('\n', reason);
        Assert.DoesNotContain("[ONNXRuntimeError]", reason, StringComparison.Ordinal);
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

        var times = model.WarmUp(6, Rung.Ladder([16, 8, 1], 6, 1), repeats: 5);

        Assert.Equal([(16, 6), (8, 6), (1, 6), (1, 5), (1, 4), (1, 3)], times.Select(t => (t.Manoeuvres, t.Cameras)));
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
