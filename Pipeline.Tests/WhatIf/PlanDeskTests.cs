using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Tests.WhatIf;

/// <summary>A vehicle's own manoeuvres, answered in virtual time: pictures every 100 ms, dispatched 5 ms later, answers that take 10 ms unless a test says otherwise.</summary>
public sealed class PlanDeskTests
{
    private const int Horizons = 5;
    private static readonly TimeSpan Service = TimeSpan.FromMilliseconds(10);

    private readonly JourneyRig _rig = new(answers: new AnswerCost([Service, Service, Service]));

    private PlanDesk Desk => _rig.Parts.Desk!;

    [Fact]
    public void TryAnswer_AfterATick_SaysOfEachCandidateWhatItsHazardMeans()
    {
        Warm();
        Desk.Ask(Request(atMs: 1050, deadlineMs: 100, 3, -4, 0));

        Assert.True(_rig.Journey.TryAnswer(JourneyRig.At(1050)));
        _rig.Journey.Answered(JourneyRig.At(1058));

        var answer = Taken(PlanOutcome.Answered);
        var forecast = answer.Forecast!;
        Assert.Equal([8], _rig.Run.Candidates!.Imagined); // three are filled up to eight
        Assert.Equal(3, forecast.Manoeuvres);
        var calibration = new RiskCalibration(_rig.Manifest.Calibration, EgoOrigin.Measured);
        var expected = new float[Horizons];
        for (var row = 0; row < 3; row++)
        {
            calibration.Cumulative([.. Enumerable.Repeat(FakeCandidates.HazardOf(forecast.Controls[row * Horizons * 2]), Horizons)], imagined: true, expected);
            Assert.Equal(expected, forecast.Probability[(row * Horizons)..((row + 1) * Horizons)]);
        }

        Assert.Equal([1, 2, 0], forecast.Ranking[..3]);
        Assert.True(forecast.Margin >= PlanRanking.Noise);
        Assert.False(forecast.Tie);
        Assert.Equal(10, forecast.Tick);
        Assert.Equal(JourneyRig.At(1000), forecast.CaptureFirst);
        Assert.Equal(JourneyRig.At(1150), forecast.Deadline);
        Assert.All(forecast.InSupport[..3], Assert.True);
    }

    [Fact]
    public void TryAnswer_CandidatesWithinTheNoise_IsATie()
    {
        Warm();
        Desk.Ask(Request(atMs: 1050, deadlineMs: 100, -8, -8.1f));
        Answer(1050);

        var forecast = Taken(PlanOutcome.Answered).Forecast!;
        Assert.True(forecast.Tie);
        Assert.True(forecast.Margin < PlanRanking.Noise);
    }

    [Fact]
    public void TryAnswer_BeyondWhatWasTrainedOn_IsNotInSupport()
    {
        Warm();
        Desk.Ask(Request(atMs: 1050, deadlineMs: 100, 6, -2));
        Answer(1050);

        Assert.Equal([false, true], Taken(PlanOutcome.Answered).Forecast!.InSupport[..2]);
    }

    [Fact]
    public void TryAnswer_TheIntendedManoeuvreAsked_HasItsBoundAndTheOthersNone()
    {
        Warm();
        var intended = _rig.Run.Manoeuvres[..(Horizons * 2)].ToArray();
        Desk.Ask(Request(atMs: 1050, deadlineMs: 100, -4) with { Candidates = 2, Controls = [.. intended, .. Controls(-4)] });
        Answer(1050);

        var answer = Taken(PlanOutcome.Answered);
        Assert.Equal([true, false], answer.Bounded);
        Assert.All(Enumerable.Range(0, Horizons), k => Assert.True(answer.Forecast!.UpperBound[k] >= answer.Forecast.Probability[k]));
    }

    [Fact]
    public void TryAnswer_NothingCommittedYet_NoWorldStateAndNoInference()
    {
        Desk.Ask(Request(atMs: 50, deadlineMs: 100, 0));

        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(50)));
        Taken(PlanOutcome.NoWorldState);
        Assert.Empty(_rig.Run.Candidates!.Imagined);
    }

    [Fact]
    public void TryAnswer_WorldStateTooOld_NoWorldState()
    {
        Warm();
        Desk.Ask(Request(atMs: 1500, deadlineMs: 100, 0));

        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(1500)));
        Taken(PlanOutcome.NoWorldState);
    }

    [Fact]
    public void TryAnswer_DeadlineThatNoIdleMachineCouldMeet_Late()
    {
        Warm();
        Desk.Ask(Request(atMs: 1050, deadlineMs: 11.9, 0)); // 10 ms x 1.1 + 1 ms

        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(1050)));
        Taken(PlanOutcome.Late);
        Assert.Empty(_rig.Run.Candidates!.Imagined);
    }

    [Fact]
    public void TryAnswer_NextSetDueBefore_WaitsForTheTimeAfterIt()
    {
        Warm(); // the next set is due at 1105
        Desk.Ask(Request(atMs: 1094, deadlineMs: 100, 0));

        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(1094)));
        Assert.False(Desk.Unsent.TryPeek(out _));
        _rig.TickAndReturn(1100);
        Answer(1140);

        Assert.Equal(11, Taken(PlanOutcome.Answered).Forecast!.Tick);
    }

    [Fact]
    public void TryAnswer_FrameSetsTakeAllTheTime_IsShedAtTheMomentItCannotBeMade()
    {
        Warm();
        Desk.Ask(Request(atMs: 1094, deadlineMs: 60, 0));

        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(1094)));
        var wake = Desk.NextWake!.Value;
        Assert.Equal(JourneyRig.At(1154 - 12 + 1), wake);
        Assert.True(_rig.Journey.NextWake <= wake);
        Assert.False(_rig.Journey.TryAnswer(wake));
        Taken(PlanOutcome.Shed);
        Assert.Null(Desk.NextWake);
        Assert.Empty(_rig.Run.Candidates!.Imagined);
    }

    [Fact]
    public void Ask_MoreThanFourWait_TheNextIsShedAtOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            Desk.Ask(Request(atMs: 50, deadlineMs: 1000, 0) with { Id = $"{i}" });
        }

        Assert.Equal("4", Taken(PlanOutcome.Shed).Request.Id);
    }

    [Fact]
    public void Ask_MoreRefusalsThanAreSent_AreCountedAndNothingGrows()
    {
        for (var i = 0; i < 1000; i++)
        {
            Desk.Ask(Request(atMs: 50, deadlineMs: 1000, 0));
        }

        Assert.Equal(996, Desk.Counts[PlanOutcome.Shed]);
        Assert.Equal(16, Desk.Unsent.Count);
    }

    [Fact]
    public void TryAnswer_ModelFails_SaysSoAndTheNextIsAnswered()
    {
        Warm();
        _rig.Run.Candidates!.Answer = RunStatus.NotFinite;
        Desk.Ask(Request(atMs: 1050, deadlineMs: 100, 0));
        Answer(1050);
        Taken(PlanOutcome.ModelFailed);
        _rig.Run.Candidates.Answer = RunStatus.Ok;
        Desk.Ask(Request(atMs: 1060, deadlineMs: 100, 0));
        Answer(1060);

        Taken(PlanOutcome.Answered);
    }

    [Fact]
    public void Abandon_RequestsWait_AreRefused()
    {
        Desk.Ask(Request(atMs: 50, deadlineMs: 1000, 0));
        _rig.Journey.Abandon();

        Taken(PlanOutcome.Shed);
    }

    [Fact]
    public void TryAnswer_AnyLoad_EndsWithinTheDeadlineAndBeforeTheNextSetIsDue()
    {
        var random = new Random(20261123);
        var answered = 0;
        var dispatched = 0.0;
        for (var tick = 1; tick < 400; tick++)
        {
            _rig.TickAndReturn(tick * 100);
            dispatched = (tick * 100) + 5;
            var now = dispatched + (random.NextDouble() * 90);
            for (var i = random.Next(4); i > 0; i--)
            {
                Desk.Ask(Request(now, 1 + (random.NextDouble() * 300), 0));
            }

            while (_rig.Journey.TryAnswer(JourneyRig.At(now)))
            {
                now += random.NextDouble() * Service.TotalMilliseconds; // within its cost
                _rig.Journey.Answered(JourneyRig.At(now));
                Assert.True(now <= dispatched + 100, "an answer ran into the next set's time");
            }

            while (Desk.Unsent.TryRead(out var answer))
            {
                answered += answer.Outcome == PlanOutcome.Answered ? 1 : 0;
                Assert.True(answer.Outcome != PlanOutcome.Answered || JourneyRig.At(now) <= answer.Request.Deadline || answer.Request.Deadline >= JourneyRig.At(dispatched));
                Desk.Return(answer);
            }
        }

        Assert.InRange(answered, 200, 600);
    }

    [Fact]
    public void Travel_WithAndWithoutRequests_TheSameForecasts()
    {
        var (asked, digest) = Run(ask: true);
        var (_, quiet) = Run(ask: false);

        Assert.True(asked > 10);
        Assert.Equal(quiet, digest);
    }

    [Fact]
    public void TryAnswer_NobodyAsks_AllocatesNothing()
    {
        Warm();
        var forecast = new SceneForecast(_rig.Manifest, _rig.Rig, 16);

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            Desk.Note(forecast);
            _rig.Journey.TryAnswer(JourneyRig.At(1050));
            _ = _rig.Journey.NextWake;
        }));
    }

    private static (long Asked, string Digest) Run(bool ask)
    {
        var rig = new JourneyRig(answers: ask ? new AnswerCost([Service, Service, Service]) : null);
        var digest = new CanonicalDigest(rig.Manifest, rig.Rig);
        for (var tick = 0; tick < 30; tick++)
        {
            rig.Run.Hazards[tick % 80] = -2;
            digest.Add(rig.TickAndReturn(tick * 100));
            rig.Parts.Desk?.Ask(Request((tick * 100) + 45, 50, tick % 3, -tick % 7));
            if (rig.Journey.TryAnswer(JourneyRig.At((tick * 100) + 45)))
            {
                rig.Journey.Answered(JourneyRig.At((tick * 100) + 50));
                Assert.True(rig.Parts.Desk!.Unsent.TryRead(out var answer));
                rig.Parts.Desk.Return(answer);
            }
        }

        return (rig.Parts.Desk?.Counts[PlanOutcome.Answered] ?? 0, digest.Value);
    }

    private static float[] Controls(float acceleration) => [.. Enumerable.Range(0, Horizons).SelectMany(_ => new[] { acceleration, 0.001f })];

    private static PlanRequest Request(double atMs, double deadlineMs, params float[] accelerations) =>
        new("a", JourneyRig.At(atMs), JourneyRig.At(atMs + deadlineMs), accelerations.Length, [.. accelerations.SelectMany(Controls)], "answers", default);

    /// <summary>Eleven ticks; the newest is number 10, of 1000 ms, and the next set is due at 1105 ms.</summary>
    private void Warm()
    {
        for (var tick = 0; tick <= 10; tick++)
        {
            _rig.TickAndReturn(tick * 100);
        }
    }

    private void Answer(double atMs)
    {
        Assert.True(_rig.Journey.TryAnswer(JourneyRig.At(atMs)));
        _rig.Journey.Answered(JourneyRig.At(atMs) + Service);
    }

    private PlanAnswer Taken(PlanOutcome outcome)
    {
        Assert.True(Desk.Unsent.TryRead(out var answer), "nothing is said");
        Assert.Equal(outcome, answer.Outcome);
        Assert.Equal(1, Desk.Counts[outcome]);
        Assert.Equal(outcome == PlanOutcome.Answered, answer.Forecast is not null);
        Desk.Return(answer);
        return answer;
    }
}
