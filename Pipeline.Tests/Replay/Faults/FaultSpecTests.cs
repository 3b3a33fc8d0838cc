using Forecast.Adapters.Drives;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Faults;

namespace Forecast.Pipeline.Tests.Replay.Faults;

public sealed class FaultSpecTests
{
    [Theory]
    [InlineData("camera.front=frozen@5s..8s", FaultTarget.Camera, "front", FaultKind.Frozen, 0, 5, 8.0)]
    [InlineData("camera.*=rate:5", FaultTarget.Camera, "*", FaultKind.Rate, 5, 0, null)]
    [InlineData("camera.a.b=half:0.25@500ms", FaultTarget.Camera, "a.b", FaultKind.Half, 0.25, 0.5, null)]
    [InlineData("camera.front=half", FaultTarget.Camera, "front", FaultKind.Half, 1, 0, null)]
    [InlineData("camera.front=jump:-500ms@1min..2min", FaultTarget.Camera, "front", FaultKind.Jump, -0.5, 60, 120.0)]
    [InlineData("model=slow:80ms@3s", FaultTarget.Model, null, FaultKind.Slow, 0.08, 3, null)]
    [InlineData("sink=busy@0s..1.5s", FaultTarget.Sink, null, FaultKind.Busy, 0, 0, 1.5)]
    [InlineData("clock=step:2s@1s", FaultTarget.Clock, null, FaultKind.Step, 2, 1, null)]
    public void ParseAll_WellFormed_IsUnderstood(string text, FaultTarget target, string? camera, FaultKind kind, double value, double from, double? until)
    {
        var fault = Assert.Single(FaultSpec.ParseAll([text]));

        Assert.Equal(new Fault(text, target, camera, kind, value, TimeSpan.FromSeconds(from), until is { } end ? TimeSpan.FromSeconds(end) : null), fault);
    }

    [Theory]
    [InlineData("", "it is not TARGET=FAULT[:VALUE][@FROM[..TO]]")]
    [InlineData("frozen", "it is not TARGET=FAULT")]
    [InlineData("camera.front=frozen@", "it is not TARGET=FAULT")]
    [InlineData("camera=frozen", "there is no target camera; did you mean camera.NAME?; known: camera.NAME, camera.*, model, sink, clock")]
    [InlineData("modle=nan", "there is no target modle; did you mean model?")]
    [InlineData("camera.front=froze", "there is no fault froze of a camera; did you mean frozen?; known: unplugged, ")]
    [InlineData("model=black", "there is no fault black of a model; known: slow:TIME, hung, crashed, failed, nan")]
    [InlineData("camera.front=frozen:2", "frozen takes no value")]
    [InlineData("camera.front=rate", "rate needs a value: rate:HERTZ")]
    [InlineData("camera.front=rate:0", "the value 0 does not fit; rate:HERTZ, HERTZ from 0.1 to 1000")]
    [InlineData("camera.front=half:1.5", "the value 1.5 does not fit; half[:SHARE], SHARE over 0 and up to 1")]
    [InlineData("model=slow:-5ms", "the value -5ms does not fit; slow:TIME, TIME for example 80ms")]
    [InlineData("clock=step:0s", "the value 0s does not fit; step:TIME, TIME for example 2s or -500ms")]
    [InlineData("clock=step:1e9s", "the value 1e9s does not fit")]
    [InlineData("model=nan@soon", "the time soon does not fit; a number with ms, s or min")]
    [InlineData("model=nan@-1s", "the time -1s does not fit")]
    [InlineData("model=nan@8s..5s", "it would end before it begins; write @FROM..TO with TO after FROM")]
    public void ParseAll_Malformed_SaysWhatAndWhatIsKnown(string text, string expected)
    {
        var problem = Assert.Single(Assert.Throws<UnusableInputException>(() => FaultSpec.ParseAll([text])).Problems);

        Assert.StartsWith($"--inject {text}: {expected}", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ParseAll_SeveralMalformed_NamesThemAll() =>
        Assert.Equal(2, Assert.Throws<UnusableInputException>(() => FaultSpec.ParseAll(["a", "model=nan", "b"])).Problems.Count);

    [Fact]
    public void InjectedFaults_CameraThatTheRigLacks_IsNamedWithThoseItHas()
    {
        var problem = Assert.Single(Assert.Throws<UnusableInputException>(
            () => new InjectedFaults(FaultSpec.ParseAll(["camera.camera3=black"]), TestRig.Of(2), TimeProvider.System)).Problems);

        Assert.Equal("--inject camera.camera3=black: the rig has no camera camera3; did you mean camera0?; it has camera0, camera1", problem);
    }

    [Fact]
    public void Around_NoFaults_GivesEverythingBackAsItIs()
    {
        var faults = new InjectedFaults([], TestRig.Of(1), TimeProvider.System);
        using var run = new FakeWorldRun(TestManifest.Create(), 1);

        Assert.Same(run, faults.Around(run));
        Assert.Same(TimeProvider.System, faults.Time);
    }
}
