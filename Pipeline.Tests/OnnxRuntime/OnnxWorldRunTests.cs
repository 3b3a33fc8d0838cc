using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Tests.Fixtures;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>Expected numbers come from the arithmetic in make_tiny_model.py.</summary>
public sealed class OnnxWorldRunTests : IDisposable
{
    private const int Cells = 48 * 32;
    private const float Blue = 0.8f;

    private readonly List<string> _log = [];
    private readonly OnnxWorldModel _model;

    public OnnxWorldRunTests() => _model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cpu }, _log.Add);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Tick_KnownPicturesAndMotion_GivesTheModelsArithmetic()
    {
        using var run = TinyRun.Filled(_model, 2);
        run.EgoMotion[0] = 1;       // 0.001 x 1
        run.EgoMotion[3] = 10;      // 0.004 x 10
        run.EgoMotion[5] = 1;       // 0.006 x 1
        run.ElapsedS[0] = 0.1f;     // 0.01 x 0.1
        run.CameraAgeS[0] = 0.04f;
        run.CameraAgeS[1] = 0.06f;  // 0.001 x 0.1
        run.Ego[0] = 10;
        run.Footprint[0] = 5;
        TinyRun.Manoeuvre(run, 0, acceleration: 2, curvature: 0.1f);
        TinyRun.Manoeuvre(run, 15, acceleration: -4, curvature: 0);

        TinyRun.AssertTick(run, 16);

        const float extra = 0.001f + 0.04f + 0.006f + 0.001f + 0.0001f;
        Assert.Equal(Blue / 2, run.Observed[0], 1e-5f);
        Assert.Equal(0.1f, run.Descriptor[1], 1e-5f);
        Assert.Equal((Blue + 0.2f + 0.4f) / 6 + extra, run.Descriptor[3], 1e-5f);
        Assert.Equal(10 * Blue / 2, run.EgoEstimate[0], 1e-4f);
        Assert.Equal(Blue / 2 + 0.2f + 0.1f, run.Latents[^97], 1e-5f);  // last step, blue: its last cell of 96 before green's
        Assert.Equal(-4 + 8 * (Blue / 2) - 1.5f, run.OccupancyLogits[3 * 3 * Cells], 1e-4f);
        const float steady = -6 + 12 * (Blue / 2) + 0.5f + 0.05f;
        Assert.Equal(steady + 0.5f + 0.2f, run.HazardLogits[0], 1e-4f);
        Assert.Equal(steady - 1, run.HazardLogits[79], 1e-4f);
        run.Commit();
        TinyRun.AssertTick(run, 16);
        Assert.Equal(Blue * 0.75f, run.Observed[0], 1e-5f);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(0, 1, 2)]
    public void EncodeOnly_SomeCameras_GivesWhatTheWholeBatchGivesWithTheOthersMasked(params int[] cameras)
    {
        using var whole = (OnnxWorldRun)_model.CreateRun(3);
        using var part = (OnnxWorldRun)_model.CreateRun(3);
        foreach (var run in (OnnxWorldRun[])[whole, part])
        {
            TinyRun.Scatter(run);
            run.CameraMask.Clear();
            foreach (var camera in cameras)
            {
                run.CameraMask[camera] = 1;
            }
        }

        TinyRun.AssertTick(whole, 16);
        Assert.Equal(RunStatus.Ok, part.EncodeOnly(cameras));
        Assert.Equal(RunStatus.Ok, part.Remember());
        Assert.Equal(RunStatus.Ok, part.Imagine(16));

        Assert.Equal(whole.Observed, part.Observed);
        Assert.Equal(whole.HazardLogits, part.HazardLogits);
    }

    [Fact]
    public void Remember_WithoutCommit_KeepsTheOldState()
    {
        using var run = TinyRun.Filled(_model, 1);
        TinyRun.AssertTick(run, 1);
        run.Commit();
        TinyRun.AssertTick(run, 1);
        var once = run.Observed.ToArray();

        TinyRun.AssertTick(run, 1);

        Assert.Equal(once, run.Observed.ToArray());
        run.Commit();
        TinyRun.AssertTick(run, 1);
        Assert.NotEqual(once, run.Observed.ToArray());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(100)]
    public void Remember_NewStateNotFinite_NeverPoisonsTheCommittedOne(float poison)
    {
        using var run = TinyRun.Filled(_model, 3);
        TinyRun.AssertTick(run, 8);
        run.Commit();
        TinyRun.AssertTick(run, 8);
        var sound = run.Observed.ToArray();

        run.CameraAgeS[2] = poison;
        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.NotFinite, run.Remember());
        Assert.Throws<InvalidOperationException>(() => run.Imagine(8));
        Assert.Throws<InvalidOperationException>(run.Commit);

        run.CameraAgeS[2] = 0;
        TinyRun.AssertTick(run, 8);
        Assert.Equal(sound, run.Observed.ToArray());
    }

    [Fact]
    public void Imagine_OutputNotFinite_ForbidsTheCommit()
    {
        using var run = TinyRun.Filled(_model, 1);
        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.Ok, run.Remember());
        TinyRun.Manoeuvre(run, 3, acceleration: float.PositiveInfinity, curvature: 0);

        Assert.Equal(RunStatus.Ok, run.Imagine(3));
        Assert.Equal(RunStatus.NotFinite, run.Imagine(4));
        Assert.Throws<InvalidOperationException>(run.Commit);
        Assert.True(run.IsInitial);
    }

    [Fact]
    public void Commit_WithoutImagine_IsAllowed()
    {
        using var run = TinyRun.Filled(_model, 1);
        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.Ok, run.Remember());

        run.Commit();

        Assert.False(run.IsInitial);
        Assert.Throws<InvalidOperationException>(run.Commit);
    }

    [Fact]
    public void Remember_RuntimeRefuses_FailsWithALineAndGoesOn()
    {
        using var run = TinyRun.Filled(_model, 1);
        run.ElapsedS[0] = -1;

        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.Failed, run.Remember());
        Assert.Throws<InvalidOperationException>(run.Commit);
        Assert.StartsWith("memory failed: ", Assert.Single(_log), StringComparison.Ordinal);

        run.ElapsedS[0] = 0.1f;
        TinyRun.AssertTick(run, 16);
    }

    [Fact]
    public void Imagine_RuntimeRefuses_FailsWithALineAndGoesOn()
    {
        using var run = TinyRun.Filled(_model, 1);
        run.Footprint[0] = -1;
        Assert.Equal(RunStatus.Ok, run.Encode());
        Assert.Equal(RunStatus.Ok, run.Remember());

        Assert.Equal(RunStatus.Failed, run.Imagine(8));
        Assert.StartsWith("predictor failed: ", Assert.Single(_log), StringComparison.Ordinal);

        run.Footprint[0] = 4;
        TinyRun.AssertTick(run, 8);
    }

    [Fact]
    public void Reset_AfterCommits_StartsFromTheInitialState()
    {
        using var run = TinyRun.Filled(_model, 1);
        TinyRun.AssertTick(run, 1);
        var first = run.Observed.ToArray();
        for (var i = 0; i < 3; i++)
        {
            run.Commit();
            TinyRun.AssertTick(run, 1);
        }

        Assert.NotEqual(first, run.Observed.ToArray());
        run.Reset();

        Assert.True(run.IsInitial);
        TinyRun.AssertTick(run, 1);
        Assert.Equal(first, run.Observed.ToArray());
    }

    [Fact]
    public void Imagine_FewerManoeuvres_AgreesOnThoseInCommon()
    {
        using var run = TinyRun.Filled(_model, 6);
        for (var a = 0; a < 16; a++)
        {
            TinyRun.Manoeuvre(run, a, acceleration: 0.5f * a - 4, curvature: 0.01f * a);
        }

        TinyRun.AssertTick(run, 16);
        var all = run.HazardLogits.ToArray();
        var occupancy = run.OccupancyLogits.ToArray();
        foreach (var rung in new[] { 8, 1, 5 })
        {
            Assert.Equal(RunStatus.Ok, run.Imagine(rung));
            for (var i = 0; i < rung * 5; i++)
            {
                Assert.Equal(all[i], run.HazardLogits[i], 1e-5f);
            }

            Assert.Equal(occupancy[^1], run.OccupancyLogits[^1], 1e-5f);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => run.Imagine(17));
        Assert.Throws<ArgumentOutOfRangeException>(() => run.Imagine(0));
    }

    [Fact]
    public void CameraMask_MaskedCamera_ItsPictureAndAgeHaveNoInfluence()
    {
        using var run = TinyRun.Filled(_model, 3);
        run.CameraMask[1] = 0;
        TinyRun.AssertTick(run, 1);
        var before = run.Observed.ToArray();

        run.Images.Slice(64 * 128 * 3, 64 * 128 * 3).Fill(255);
        run.CameraAgeS[1] = float.NaN;
        TinyRun.AssertTick(run, 1);
        Assert.Equal(before, run.Observed.ToArray());

        run.CameraMask[1] = 1;
        run.CameraAgeS[1] = 0;
        TinyRun.AssertTick(run, 1);
        Assert.NotEqual(before, run.Observed.ToArray());
    }
}
