using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>A journey around a fake world, with frames offered by hand.</summary>
internal sealed class JourneyRig
{
    private readonly FramePool _pool;
    private readonly long[] _numbers;
    private ulong _fingerprint = 1;
    private int _ids;

    public JourneyRig(int cameras = 2, TimeSpan? budget = null, TimeSpan[]? costs = null, string? domain = TestManifest.Domain, Rig? rig = null, ModelManifest? manifest = null, LookBackCost? lookBack = null, IEpisodicMemory? memory = null, bool frozen = true, CostTable? table = null, AnswerCost? answers = null, IJourneyLog? log = null)
    {
        Manifest = manifest ?? TestManifest.Create();
        Rig = rig ?? TestRig.Of(cameras);
        _pool = new FramePool(64, Manifest.InputWidthPx * Manifest.InputHeightPx * 3);
        _numbers = new long[Rig.Cameras.Count];
        Run = new FakeWorldRun(Manifest, Rig.Cameras.Count);
        var manoeuvres = new Manoeuvres(Manifest, 16);
        table ??= new CostTable(manoeuvres.Rungs, costs ?? [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero], frozen);
        Parts = JourneyParts.Build(
            Rig, Manifest, Run, manoeuvres, table, new JourneyOptions { Budget = budget ?? TimeSpan.FromMilliseconds(100), LookBack = lookBack ?? LookBackCost.Free, Memory = memory, MemoryDrive = "drive 1", Answers = answers }, domain,
            () => new Guid(++_ids, 0, 0, new byte[8])) with { Log = log };
        Journey = new Journey(Parts);
    }

    public ModelManifest Manifest { get; }

    public Rig Rig { get; }

    public FakeWorldRun Run { get; }

    public JourneyParts Parts { get; }

    public Journey Journey { get; }

    public int SlotsOut => _pool.Outstanding;

    public LedgerCopy Ledger => Parts.Ledger.Copy();

    public static Timestamp At(double milliseconds) => new((long)(milliseconds * 1_000_000));

    public void Offer(int camera, double captureMs, double? arrivalMs = null)
    {
        Assert.True(_pool.TryRent(out var lease));
        Parts.Ledger.FrameCaptured(camera);
        lease.Pixels.Fill((byte)_fingerprint);
        Journey.Arrive(new Frame(new FrameId(camera, _numbers[camera]++), At(captureMs), At(arrivalMs ?? captureMs), new PictureContent(_fingerprint++, 90, 20), lease));
    }

    public void OfferAll(double captureMs)
    {
        for (var camera = 0; camera < Rig.Cameras.Count; camera++)
        {
            Offer(camera, captureMs);
        }
    }

    /// <summary>One whole tick: every camera, then the journey; the forecast is given back by the test, or by the next call of this.</summary>
    public SceneForecast? Tick(double captureMs, double lateMs = 5)
    {
        OfferAll(captureMs);
        return Journey.TryTravel(At(captureMs + lateMs));
    }

    /// <summary>A tick that must give a forecast, which is given back at once; what it says stays readable. Then the journey reflects, 40 ms after the pictures.</summary>
    public SceneForecast TickAndReturn(double captureMs)
    {
        var forecast = Tick(captureMs);
        Assert.NotNull(forecast);
        Parts.Forecasts.Return(forecast);
        Journey.Reflect(At(captureMs + 40));
        return forecast;
    }
}
