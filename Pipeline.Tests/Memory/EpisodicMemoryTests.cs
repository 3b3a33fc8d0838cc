using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class EpisodicMemoryTests
{
    private const int WarmTicks = 3; // the fake's history is 0.3 s

    private readonly FakeStore _store = new(capacity: 1000);
    private double _ms = 1000;
    private JourneyRig? _rig;

    [Fact]
    public void Note_TenSeconds_KeepsAnEpisodeASecondOnceItIsKnownWhatFollowed()
    {
        var rig = Rig();
        Run(rig, ticks: 101);

        // Set aside at ticks 3, 13, 23, ...; kept thirty ticks later.
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], _store.Kept.ConvertAll(kept => kept.Slot));
        Assert.Equal(Enumerable.Range(0, 7).Select(i => At(1000 + ((WarmTicks + (i * 10)) * 100))), _store.Kept.ConvertAll(kept => kept.Facts.Moment));
        Assert.All(_store.Kept, kept => Assert.Equal("drive 1", kept.Facts.Drive));
        Assert.Equal(7, rig.Parts.Episodes.Count);
    }

    [Fact]
    public void Note_RiskWithinThreeSeconds_IsWhatFollowed()
    {
        var rig = Rig();
        // High from tick 40 to 45: an alarm rises at 42.
        Run(rig, ticks: 101, tick => Array.Fill(rig.Run.Hazards, tick is >= 40 and < 46 ? 3 : -8));

        Assert.Equal([false, true, true, true, false, false, false], _store.Kept.ConvertAll(kept => kept.Facts.RiskEvent));                    // set aside at 3, 13, ... 43, ...
        Assert.Equal([false, true, true, true, true, false, false], _store.Kept.ConvertAll(kept => kept.Facts.RiskPeak > 0.9f));               // 43 itself is high, and no alarm rises after it
    }

    [Fact]
    public void Tell_NoMemory_SaysOff()
    {
        var rig = new JourneyRig();
        Assert.Equal(SeenBeforeGap.Off, Run(rig, ticks: 6)[^1].SeenBefore.Gap);
    }

    [Fact]
    public void Tell_WarmingUpThenNothingKept_SaysWhy()
    {
        var seen = Run(Rig(), ticks: 6).ConvertAll(told => told.SeenBefore.Gap);
        Assert.Equal([SeenBeforeGap.WarmingUp, SeenBeforeGap.WarmingUp, SeenBeforeGap.WarmingUp, SeenBeforeGap.NothingKept, SeenBeforeGap.NothingKept, SeenBeforeGap.NothingKept], seen);
    }

    [Fact]
    public void Tell_WhatThisRunSawAMinuteAgo_IsAMemoryOnlyThen()
    {
        var told = Run(Rig(), ticks: 680);
        Assert.Equal(SeenBeforeGap.NothingKept, told[WarmTicks + 599].SeenBefore.Gap); // set aside at tick 3: 60 s are over after tick 603
        Assert.Equal((SeenBeforeGap.None, 1), (told[WarmTicks + 601].SeenBefore.Gap, told[WarmTicks + 601].SeenBefore.Kept));
    }

    [Fact]
    public void Tell_ScenesOfOtherRuns_SaysWhatFollowedThoseLikeThisOne()
    {
        _store.Before =
        [
            new Episode(0, 1, new EpisodeFacts("town 3", At(5), 0.25f, false), [1, 0.1f, 0, 0]),
            new Episode(1, 2, new EpisodeFacts("town 4", At(6), 0.75f, true), [2, 0.4f, 0, 0]),
            new Episode(2, 3, new EpisodeFacts("town 5", At(7), 1, true), [0, 0, 1, 0]),
        ];
        var seen = Run(Rig(novelty: new NoveltyCalibration(0.9, 3, 5)), ticks: 6)[^1].SeenBefore;

        Assert.Equal((SeenBeforeGap.None, 3, 2, 1), (seen.Gap, seen.Kept, seen.Alike, seen.Events));
        Assert.Equal(1 / Math.Sqrt(1.01), seen.Similarity, 1e-5);
        Assert.Equal(0.5f, seen.MeanRiskPeak);
        Assert.Equal(("town 3", At(5), 0.25f, false), (seen.NearestDrive, seen.NearestMoment, seen.NearestRiskPeak, seen.NearestEvent));
    }

    [Fact]
    public void Tell_ModelWithoutThreshold_NeverCallsASceneNew()
    {
        _store.Before = Alike(EpisodicMemory.LeastToJudge);
        var told = Run(Rig(), ticks: 20, tick => Turn(tick >= 8));
        Assert.Equal((-1, false), (told[^1].SeenBefore.Alike, told[^1].SeenBefore.IsNew));
        Assert.Equal(0, told[^1].SeenBefore.Similarity);
    }

    [Fact]
    public void Tell_SceneUnlikeAllThatIsKept_IsNewForItsTimeAndSuspendsTheBound()
    {
        _store.Before = Alike(EpisodicMemory.LeastToJudge);
        var told = Run(Rig(novelty: new NoveltyCalibration(0.9, 3, 5)), ticks: 40, tick => Turn(tick is >= 10 and < 20));

        Assert.All(told, (one, tick) => Assert.Equal(tick is >= 12 and < 24, one.SeenBefore.IsNew)); // the third tick unlike; the fifth like again
        Assert.Equal((DegradedReasons.NewScene, BoundGuarantee.Suspended), (told[12].Reasons, told[12].Guarantee));
        Assert.Equal((DegradedReasons.None, BoundGuarantee.Holds), (told[24].Reasons, told[24].Guarantee));
    }

    [Fact]
    public void Tell_TooFewScenesKept_CallsNoneNew()
    {
        _store.Before = Alike(EpisodicMemory.LeastToJudge - 1);
        var told = Run(Rig(novelty: new NoveltyCalibration(0.9, 1, 1)), ticks: 20, _ => Turn(true));
        Assert.All(told, one => Assert.False(one.SeenBefore.IsNew));
    }

    [Fact]
    public void Note_GapInTheStream_ForgetsScenesOfWhichNobodyKnowsWhatFollowed()
    {
        var rig = Rig();
        Run(rig, ticks: 25);
        _ms += 2000;
        Run(rig, ticks: 40);
        Assert.Equal(At(1000 + 2500 + 2000 + (WarmTicks * 100)), Assert.Single(_store.Kept).Facts.Moment);
    }

    [Fact]
    public void Note_CameraLost_KeepsNothing()
    {
        var rig = Rig();
        rig.Journey.CameraLost(1);
        for (var tick = 0; tick < 50; tick++)
        {
            rig.Offer(0, _ms);
            rig.Parts.Forecasts.Return(rig.Journey.TryTravel(At(_ms + 5))!);
            _ms += 100;
        }

        Assert.Empty(_store.Kept);
    }

    [Fact]
    public void Note_StoreThatCannotKeepUp_CountsWhatWasNotWrittenAndRemembersItAllTheSame()
    {
        _store.Refuses = true;
        var rig = Rig();
        var told = Run(rig, ticks: 101);
        Assert.Equal((7, 7), (rig.Parts.Episodes.Count, told[^1].Episodes.Dropped));
    }

    [Fact]
    public void Tell_StoreWhoseDiskIsFull_CountsWhatItLostMeanwhile()
    {
        var rig = Rig();
        Run(rig, ticks: 40);
        _store.Dropped = 5; // what it had taken, and could not write

        Assert.Equal(5, Run(rig, ticks: 1)[0].Episodes.Dropped);
    }

    [Fact]
    public void Reflect_SceneIsDue_IsKeptAfterTheForecastHasLeft()
    {
        var rig = Rig();
        Run(rig, ticks: WarmTicks + 30);
        var forecast = rig.Tick(_ms)!;
        Assert.Empty(_store.Kept);

        rig.Parts.Forecasts.Return(forecast);
        rig.Journey.Reflect(At(_ms + 40));
        rig.Journey.Reflect(At(_ms + 40));
        Assert.Single(_store.Kept);
    }

    [Fact]
    public void TellAndNote_AfterWarmUp_AllocateNothing()
    {
        _store.Records = false;
        _store.Before = Alike(500);
        var rig = Rig(novelty: new NoveltyCalibration(0.9, 3, 5));
        var told = Run(rig, ticks: 60);
        Assert.Equal(SeenBeforeGap.None, told[^1].SeenBefore.Gap);
        var forecast = rig.Parts.Forecasts.TryRent()!;
        forecast.Reference = At(_ms);

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var tick = 0; tick < 40; tick++)
            {
                forecast.Reference += TimeSpan.FromMilliseconds(100);
                forecast.Reasons = DegradedReasons.None;
                rig.Parts.Episodes.Tell(forecast);
                rig.Parts.Episodes.Note(forecast);
                rig.Parts.Episodes.Reflect();
            }
        }));
    }

    private static List<Episode> Alike(int count) => [.. Enumerable.Range(0, count).Select(i => new Episode(i, i, new EpisodeFacts("before", At(i), 0, false), [1, 0, 0, 0]))];

    private JourneyRig Rig(NoveltyCalibration? novelty = null)
    {
        var manifest = TestManifest.Create();
        _rig = new JourneyRig(manifest: manifest with { Calibration = manifest.Calibration with { Novelty = novelty } }, memory: _store);
        return _rig;
    }

    private void Turn(bool away) => (_rig!.Run.SceneDescriptor[0], _rig.Run.SceneDescriptor[1]) = away ? (0, 1) : (1, 0);

    private List<Told> Run(JourneyRig rig, int ticks, Action<int>? before = null)
    {
        var told = new List<Told>();
        for (var tick = 0; tick < ticks; tick++)
        {
            before?.Invoke(tick);
            rig.Parts.Motion.OnEgo(new EgoSample(At(_ms), At(_ms), 10, 0, 0));
            var forecast = rig.TickAndReturn(_ms);
            told.Add(new Told(forecast.SeenBefore, forecast.Reasons, forecast.Guarantee, forecast.Episodes));
            _ms += 100;
        }

        return told;
    }

    private sealed record Told(SeenBefore SeenBefore, DegradedReasons Reasons, BoundGuarantee Guarantee, (int Kept, long Dropped) Episodes);

    /// <summary>Keeps what it is handed in a list.</summary>
    private sealed class FakeStore(int capacity) : IEpisodicMemory
    {
        public List<Episode> Before { get; set; } = [];

        public List<(int Slot, EpisodeFacts Facts, float[] Descriptor)> Kept { get; } = [];

        public bool Refuses { get; set; }

        public bool Records { get; set; } = true;

        public int Capacity => capacity;

        public long Dropped { get; set; }

        public IReadOnlyList<Episode> Recall() => Before;

        public bool Keep(int slot, in EpisodeFacts facts, ReadOnlySpan<float> descriptor)
        {
            if (Records)
            {
                Kept.Add((slot, facts, descriptor.ToArray()));
            }

            Dropped += Refuses ? 1 : 0;
            return !Refuses;
        }

        public void Dispose()
        {
        }
    }
}
