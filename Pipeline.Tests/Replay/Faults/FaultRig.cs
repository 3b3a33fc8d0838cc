using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Faults;

namespace Forecast.Pipeline.Tests.Replay.Faults;

/// <summary>
/// A whole journey in virtual time, from cameras to encoded messages, with faults put round its ports as `forecast run --inject` does. One thread:
/// what a camera's thread would do is done here when its next frame is due. Both ledgers are checked after every step.
/// </summary>
internal sealed class FaultRig : IDisposable
{
    public const double PeriodS = 0.1;
    private static readonly TimeSpan ModelTime = TimeSpan.FromMilliseconds(30);

    private readonly TestTimeProvider _time = new();
    private readonly RigClock _clock;
    private readonly Journey _journey;
    private readonly JourneyParts _parts;
    private readonly FramePool _pool;
    private readonly IReadOnlyList<IFrameSource> _sources;
    private readonly VirtualCamera[] _cameras;
    private readonly long[] _numbers;
    private readonly ForecastPublisher _publisher;

    /// <param name="rateHz">Of every camera; the model's tick stays 10 Hz.</param>
    public FaultRig(int cameras, double rateHz, params string[] faults)
    {
        var rig = TestRig.Of(cameras, rateHz);
        var manifest = TestManifest.Create();
        var injected = new InjectedFaults(FaultSpec.ParseAll(faults), rig, _time, _time.Advance);
        _clock = new RigClock(injected.Time);
        Run = new FakeWorldRun(manifest, cameras);
        var manoeuvres = new Manoeuvres(manifest, 16);
        _parts = JourneyParts.Build(
            rig, manifest, injected.Around(new TimedWorldRun(Run, () => _time.Advance(ModelTime))), manoeuvres,
            new CostTable(manoeuvres.Rungs, [ModelTime, ModelTime, ModelTime], frozen: true), new JourneyOptions(), TestManifest.Domain, Guid.NewGuid);
        _journey = new Journey(_parts);
        _pool = new FramePool(16 * cameras, manifest.InputWidthPx * manifest.InputHeightPx * 3);
        _cameras = [.. rig.Cameras.Select(camera => new VirtualCamera(camera.Name, _clock, TimeSpan.FromSeconds(1 / rateHz)))];
        _sources = injected.Around(_cameras);
        _numbers = new long[cameras];
        Sink = new MessageSink(manifest, rig, _clock);
        _publisher = new ForecastPublisher([injected.Around(Sink)], _clock, _parts.Ledger, Sink);
        injected.Begin();
    }

    public FakeWorldRun Run { get; }

    public MessageSink Sink { get; }

    public LedgerCopy Ledger => _parts.Ledger.Copy();

    public TimeSpan WallClockOffset => _clock.WallClockOffset;

    /// <summary>What was said of each tick whose pictures were taken within these seconds of the run.</summary>
    public IReadOnlyList<Said> Between(double fromS, double toS) => [.. Sink.All.Where(said => said.AtS >= fromS && said.AtS < toS)];

    public FaultRig RunFor(double seconds)
    {
        var end = _clock.Now + TimeSpan.FromSeconds(seconds);
        while (_clock.Now < end)
        {
            var due = _cameras.Min(camera => camera.Due);
            due = _journey.NextWake is { } wake && wake < due ? wake : due;
            _time.Advance(due > _clock.Now ? due - _clock.Now : TimeSpan.Zero);
            _parts.Motion.OnEgo(new EgoSample(_clock.Now, _clock.Now, 10, 0, 0));
            for (var camera = 0; camera < _cameras.Length; camera++)
            {
                while (_cameras[camera].Due <= _clock.Now)
                {
                    Capture(camera);
                }
            }

            Travel();
            AssertAddsUp();
        }

        return this;
    }

    /// <summary>Every sentence that must hold under every fault.</summary>
    public FaultRig AssertSound()
    {
        Assert.All(Sink.All, said => Assert.False(said.IsRelied && said.PublishTime > said.Deadline, $"valid and late: {said}"));
        Assert.All(Sink.All, said => Assert.DoesNotContain("NaN", said.Json, StringComparison.Ordinal));
        _journey.Abandon();
        AssertAddsUp();
        Assert.Equal(0, _pool.Outstanding);
        Assert.All(Ledger.Cameras, camera => Assert.Equal(0, camera.InFlight));
        return this;
    }

    public void Dispose() => Sink.Dispose();

    /// <summary>What a camera's thread does with one frame.</summary>
    private void Capture(int camera)
    {
        var grabbed = _sources[camera].Grab();
        switch (grabbed.Status)
        {
            case GrabStatus.Frame:
                _parts.Ledger.FrameCaptured(camera);
                Assert.True(_pool.TryRent(out var lease));
                var content = _sources[camera].Prepare(lease.Pixels);
                _journey.Arrive(new Frame(new FrameId(camera, _numbers[camera]++), grabbed.CaptureTime, grabbed.ArrivalTime, content, lease));
                break;
            case GrabStatus.Damaged:
                _parts.Ledger.FrameCaptured(camera);
                _parts.Ledger.FrameDropped(camera, DropReason.Damaged);
                break;
            case GrabStatus.Lost:
                _journey.CameraLost(camera);
                break;
            default:
                break; // nothing more is due
        }
    }

    private void Travel()
    {
        while (_journey.TryTravel(_clock.Now) is { } forecast)
        {
            forecast.Judged = _clock.Now;
            _publisher.Publish(forecast);
            _parts.Forecasts.Return(forecast);
            _journey.Reflect(_clock.Now);
        }
    }

    private void AssertAddsUp()
    {
        var ledger = Ledger;
        Assert.Equal(0, ledger.SetsInFlight);
        Assert.All(ledger.Cameras, camera => Assert.True(camera.InFlight >= 0));
        Assert.Equal(_pool.Outstanding, ledger.Cameras.Sum(camera => camera.InFlight));
        Assert.Equal(ledger.Published, Sink.All.Count);
    }
}
