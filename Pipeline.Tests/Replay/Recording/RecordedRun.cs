using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Recording;

namespace Forecast.Pipeline.Tests.Replay.Recording;

/// <summary>A run of a fake world under load, recorded: sets late, rungs down, looks shed, forecasts without an owner, as a committed seed has it.</summary>
internal sealed class RecordedRun
{
    public const int Cameras = 3;
    public const int Width = 4;
    public const int Height = 2;
    private const int Ticks = 60;

    private RecordedRun(string folder, string digest, LedgerCopy ledger, RecordedSession session) => (Folder, Digest, Ledger, Session) = (folder, digest, ledger, session);

    public string Folder { get; }

    public string Digest { get; }

    public LedgerCopy Ledger { get; }

    public RecordedSession Session { get; }

    public static RecordedSession SessionOf(Rig rig, JourneyParts? parts) => new()
    {
        Name = "run", Vehicle = "v", Session = new Guid(7, 0, 0, new byte[8]), Source = "live", Software = "test", ModelName = "tiny", ModelVersion = "1", ModelSha256 = new string('a', 64),
        Provider = "cpu", IntraOpThreads = 1, InstructionSet = "x64", ConfigSha256 = new string('b', 64), Domain = TestManifest.Domain, Budget = TimeSpan.FromMilliseconds(100), Manoeuvres = 16,
        Rungs = parts is null ? [] : [.. parts.Costs.Rungs], Costs = parts?.Costs.FirstRuns ?? [], PublishingCost = parts?.Costs.FirstPublishing ?? default,
        WidthPx = Width, HeightPx = Height, Start = JourneyRig.At(1_000), Rig = rig,
    };

    public static RecordedRun Make(string folder, int seed, RecordingOptions? options = null)
    {
        var time = new TestTimeProvider(JourneyRig.At(1_000).Nanoseconds);
        var clock = new RigClock(time);
        var log = new LateLog();
        var costs = new CostTable([16, 8, 1], [TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(20)], frozen: false, TimeSpan.FromMilliseconds(2));
        var rig = new JourneyRig(Cameras, table: costs, lookBack: new LookBackCost(TimeSpan.FromMilliseconds(5)), log: log);
        React(rig);
        var session = SessionOf(rig.Rig, rig.Parts);
        using var recorder = new Recorder((options ?? new RecordingOptions { Folder = folder }) with { Folder = folder }, session, clock);
        log.Recorder = recorder;
        var identity = new MessageIdentity("v", session.Session, SourceKind.Live, "unix", "cpu", session.ConfigSha256, "test");
        using var sink = new RecordingSink(recorder, rig.Manifest, rig.Rig, identity, clock);
        var metrics = new PipelineMetrics(rig.Rig, rig.Manifest, session.Budget, rig.Parts.Ledger, "cpu", "test");
        var publisher = new ForecastPublisher([sink], clock, rig.Parts.Ledger, metrics);
        Drive(rig, time, clock, publisher, recorder, new Random(seed));
        rig.Journey.Abandon();
        recorder.Dispose();
        return new RecordedRun(recorder.Folder, sink.Digest, rig.Ledger, session);
    }

    /// <summary>What the fake world says follows from the picture it is shown.</summary>
    public static void React(JourneyRig rig) => rig.Run.Imagining = _ => rig.Run.Hazards[0] = -6 + (rig.Run.Images[0] % 50 * 0.1f);

    private static void Drive(JourneyRig rig, TestTimeProvider time, RigClock clock, ForecastPublisher publisher, Recorder recorder, Random random)
    {
        for (var tick = 0; tick < Ticks; tick++)
        {
            var capture = 1_000 + (tick * 100.0);
            var sample = new EgoSample(JourneyRig.At(capture), clock.Now, 8 + (tick * 0.01f), 0.02f, 0.1f);
            rig.Parts.Motion.OnEgo(sample);
            recorder.OnEgo(sample);
            Spend(time, random.Next(1, 12));
            for (var camera = 0; camera < Cameras; camera++)
            {
                if (random.Next(15) > 0)
                {
                    rig.Offer(camera, capture, clock.Now.Nanoseconds / 1e6);
                }
            }

            var held = tick % 20 == 19 ? HoldAll(rig) : [];
            for (var look = 0; look < 4; look++)
            {
                Travel(rig, time, clock, publisher, random);
                Spend(time, random.Next(1, 20));
            }

            held.ForEach(rig.Parts.Forecasts.Return);
            Spend(time, Math.Max(0, (int)(capture + 100 - (clock.Now.Nanoseconds / 1e6))));
        }
    }

    private static void Travel(JourneyRig rig, TestTimeProvider time, RigClock clock, ForecastPublisher publisher, Random random)
    {
        if (rig.Journey.TryTravel(clock.Now) is { } forecast)
        {
            Spend(time, random.Next(5, 70));
            rig.Journey.Judged(forecast, clock.Now);
            publisher.Publish(forecast);
            Spend(time, 1);
            rig.Journey.HandedOver(Delivery.Of(forecast));
            rig.Parts.Forecasts.Return(forecast);
        }

        rig.Journey.Reflect(clock.Now);
    }

    private static List<SceneForecast> HoldAll(JourneyRig rig)
    {
        var held = new List<SceneForecast>();
        while (rig.Parts.Forecasts.TryRent() is { } forecast)
        {
            held.Add(forecast);
        }

        return held;
    }

    private static void Spend(TestTimeProvider time, int milliseconds) => time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>The recorder is made of the parts, and the parts of the log.</summary>
    private sealed class LateLog : IJourneyLog
    {
        public Recorder? Recorder { get; set; }

        public void Arrived(in Frame frame) => Recorder!.Arrived(frame);

        public void CameraLost(int camera) => Recorder!.CameraLost(camera);

        public void Travelled(Timestamp now, Travel outcome, int rung) => Recorder!.Travelled(now, outcome, rung);

        public void Reflected(Timestamp now, bool shed) => Recorder!.Reflected(now, shed);

        public void Judged(Timestamp now) => Recorder!.Judged(now);

        public void HandedOver(in Delivery delivery) => Recorder!.HandedOver(delivery);
    }
}
