using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Tests.Fixtures;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>Expected numbers come from the arithmetic in make_tiny_model.py: latents = pooled state + 0.1 acceleration + curvature.</summary>
public sealed class OnnxPastStatesTests : IDisposable
{
    private readonly List<string> _log = [];
    private readonly OnnxWorldModel _model;
    private readonly IWorldRun _run;

    public OnnxPastStatesTests()
    {
        _model = OnnxWorldModel.Load(TinyModel.Folder, new OnnxOptions { Provider = ProviderWish.Cpu }, _log.Add);
        _run = _model.CreateRun(1);
        _run.LiftValid.Fill(1);
        _run.CameraMask.Fill(1);
        _run.Footprint.Fill(1);
    }

    public void Dispose()
    {
        _run.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Imagine_StateKept_PredictsWhatTheRunPredictedThen()
    {
        var past = _run.KeepPast(3);
        _run.Ego[0] = 7;
        for (var k = 0; k < 10; k++)
        {
            _run.Manoeuvres[k] = past.Controls[k] = 0.01f * k;
        }

        Tick(blue: 200);
        past.Keep(1);
        var then = _run.Latents.ToArray();
        var hazardOfNow = Array.Empty<float>();
        for (var tick = 0; tick < 4; tick++)
        {
            Tick(blue: 10);
            past.Keep(tick % 2 == 0 ? 0 : 2);
            hazardOfNow = _run.HazardLogits.ToArray();
        }

        var observed = _run.Observed.ToArray();
        past.Ego[0] = 7;
        Assert.Equal(RunStatus.Ok, past.Imagine(1));

        Assert.Equal(then, past.Latents.ToArray());
        Assert.Equal(observed, _run.Observed.ToArray());           // the run's own outputs are as they were
        Assert.Equal(hazardOfNow, _run.HazardLogits.ToArray());
        Assert.NotEqual(then, _run.Latents.ToArray());
    }

    [Fact]
    public void Imagine_OtherControls_PredictsOtherwise()
    {
        var past = _run.KeepPast(1);
        Tick(blue: 100);
        past.Keep(0);
        Assert.Equal(RunStatus.Ok, past.Imagine(0));
        var still = past.Latents.ToArray();
        past.Controls[0] = 2;     // at the first horizon
        past.Controls[3] = 0.05f; // at the second
        Assert.Equal(RunStatus.Ok, past.Imagine(0));

        var size = still.Length / 5;
        Assert.Equal(still[0] + 0.2f, past.Latents[0], 1e-5f);
        Assert.Equal(still[size] + 0.05f, past.Latents[size], 1e-5f);
        Assert.Equal(still[2 * size], past.Latents[2 * size], 1e-5f);
    }

    [Fact]
    public void Imagine_StateThatIsNotFinite_SaysSo()
    {
        var past = _run.KeepPast(1);
        Tick(blue: 100);
        past.Keep(0);
        past.Controls[0] = float.NaN;
        Assert.Equal(RunStatus.NotFinite, past.Imagine(0));
    }

    [Fact]
    public void Imagine_RuntimeRefuses_FailsWithOneLineAndLaterSucceeds()
    {
        var past = _run.KeepPast(1);
        Tick(blue: 100);
        past.Keep(0);
        _run.Footprint[0] = -1;
        Assert.Equal(RunStatus.Failed, past.Imagine(0));
        Assert.DoesNotContain('\n', Assert.Single(_log));
        _run.Footprint[0] = 4;
        Assert.Equal(RunStatus.Ok, past.Imagine(0));
    }

    [Fact]
    public void KeepAndImagine_AfterWarmUp_AllocateNothing()
    {
        var past = _run.KeepPast(2);
        Tick(blue: 100);

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 40; i++)
            {
                past.Keep(i % 2);
                past.Imagine(i % 2);
            }
        }));
    }

    private void Tick(byte blue)
    {
        _run.Images.Fill(blue);
        if (_run.Encode() != RunStatus.Ok || _run.Remember() != RunStatus.Ok || _run.Imagine(1) != RunStatus.Ok)
        {
            throw new InvalidOperationException("A tick failed.");
        }

        _run.Commit();
    }
}
