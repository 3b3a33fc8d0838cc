using Forecast.Pipeline.Scheduling;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Replay.Faults;

/// <summary>A model, a sink and a wall clock that go wrong for a while of six seconds.</summary>
public sealed class ModelAndSinkFaultTests
{
    private const int Cameras = 2;

    /// <summary>Twice in a row and the state begins anew, at once and not at every further failure.</summary>
    [Theory]
    [InlineData("failed")]
    [InlineData("nan")]
    public void Model_FailsForASecond_SaysNothingAndBeginsAnewAfter(string fault)
    {
        using var rig = new FaultRig(Cameras, 10, $"model={fault}@2s..3s").RunFor(6).AssertSound();

        Assert.Empty(rig.Between(2, 2.95));
        Assert.Equal(10, rig.Ledger.SetDrops[(int)DropReason.ModelFailed]);
        Assert.True(rig.Ledger.Resets[(int)ResetReason.ModelFailed] >= 1);
        Assert.Contains("warming_up", rig.Between(3, 3.15)[0].Reasons);
        AssertValid(rig.Between(3.4, 6));
    }

    [Fact]
    public void Model_FailsOnce_KeepsItsState()
    {
        using var rig = new FaultRig(Cameras, 10, "model=nan@2s..2.05s").RunFor(4).AssertSound();

        Assert.Equal(1, rig.Ledger.SetDrops[(int)DropReason.ModelFailed]);
        Assert.Equal(0, rig.Run.Resets);
        AssertValid(rig.Between(2.05, 4));
    }

    /// <summary>120 ms on a budget of 100: whatever leaves is said to be stale.</summary>
    [Fact]
    public void Model_SlowerThanTheBudget_NothingIsValidAndLate()
    {
        using var rig = new FaultRig(Cameras, 10, "model=slow:120ms@2s..4s").RunFor(6).AssertSound();

        var meanwhile = rig.Between(2.05, 3.8);
        Assert.NotEmpty(meanwhile);
        Assert.All(meanwhile, said => Assert.Equal(Proto.Validity.Stale, said.Envelope.Validity));
        Assert.All(meanwhile, said => Assert.Contains("deadline_missed", said.Reasons));
        Assert.All(meanwhile, said => Assert.False(said.Envelope.FrameSet.DeadlineMet));
        AssertValid(rig.Between(4.5, 6));
    }

    [Fact]
    public void Model_HangsForASecond_WhatItHeldIsStaleAndItGoesOn()
    {
        using var rig = new FaultRig(Cameras, 10, "model=hung@2s..3s").RunFor(6).AssertSound();

        var held = Assert.Single(rig.Between(1.95, 2.85));
        Assert.Equal(Proto.Validity.Stale, held.Envelope.Validity);
        Assert.Equal(1, rig.Ledger.Resets[(int)ResetReason.Gap]); // a second is more than the model was trained to bridge
        AssertValid(rig.Between(3.6, 6));
    }

    [Theory]
    [InlineData("busy", DropReason.SinkBusy)]
    [InlineData("away", DropReason.SinkAway)]
    public void Sink_Refuses_EachForecastIsDroppedForThatAndTheStateGoesOn(string fault, DropReason reason)
    {
        using var rig = new FaultRig(Cameras, 10, $"sink={fault}@2s..4s").RunFor(6).AssertSound();

        Assert.Empty(rig.Between(2.0, 3.95));
        Assert.Equal(20, rig.Ledger.SetDrops[(int)reason]);
        Assert.Equal(20, rig.Ledger.SetDrops.Sum());
        Assert.Equal(0, rig.Run.Resets);
        AssertValid(rig.Between(4.05, 6));
    }

    /// <summary>Slow between the publisher's look at the deadline and the encoding, as where another process takes the processor just then.</summary>
    [Fact]
    public void Sink_Slow_WhatLeavesLateSaysSo()
    {
        using var rig = new FaultRig(Cameras, 10, "sink=slow:90ms@2s..4s").RunFor(6).AssertSound();

        var meanwhile = rig.Between(2.05, 3.8);
        Assert.NotEmpty(meanwhile);
        Assert.All(meanwhile, said => Assert.Equal(Proto.Validity.Stale, said.Envelope.Validity));
        AssertValid(rig.Between(4.3, 6));
    }

    /// <summary>Somebody sets the machine's clock: deadlines, stamps and the state do not hear of it, health does.</summary>
    [Theory]
    [InlineData("1min", 60)]
    [InlineData("-1min", -60)]
    public void Clock_Stepped_MovesNothingButWhatHealthSays(string by, double offsetS)
    {
        using var rig = new FaultRig(Cameras, 10, $"clock=step:{by}@2s").RunFor(4).AssertSound();

        Assert.Equal(offsetS, rig.WallClockOffset.TotalSeconds, 3);
        Assert.Equal(0, rig.Run.Resets);
        AssertValid(rig.Between(0.4, 4));
        Assert.Equal(rig.Sink.All.Count, rig.Sink.All.Select(said => said.AtS).Distinct().Count());
        Assert.Equal(0, rig.Ledger.SetDrops.Sum());
    }

    /// <summary>A run that says it is well and gives what is no number all the same: nothing of it leaves as one.</summary>
    [Fact]
    public void Model_NotFiniteBehindTheRunsBack_IsNeverLowAndNeverANumber()
    {
        using var rig = new FaultRig(Cameras, 10);
        rig.RunFor(2);
        Array.Fill(rig.Run.Hazards, float.NaN);
        rig.RunFor(1);

        rig.AssertSound();
        Assert.DoesNotContain(rig.Between(2.05, 3), said => said.Json.Contains("RISK_LEVEL_LOW", StringComparison.Ordinal));
    }

    /// <summary>All at once, at random places, in twenty runs.</summary>
    [Fact]
    public void EverythingAtOnce_TheSentencesHold()
    {
        string[] kinds = ["camera.camera0=frozen", "camera.camera1=half:0.5", "camera.*=jump:3s", "camera.camera2=unplugged", "camera.camera1=back", "camera.camera0=repeat", "model=nan", "model=failed", "model=slow:40ms", "model=hung", "sink=busy", "sink=away", "sink=slow:30ms", "clock=step:5s"];
        var random = new Random(4);
        for (var round = 0; round < 20; round++)
        {
            var faults = kinds.Where(_ => random.NextDouble() < 0.4).Select(kind =>
            {
                var from = random.Next(200, 4000);
                return $"{kind}@{from}ms..{from + random.Next(50, 1500)}ms";
            }).ToArray();
            using var rig = new FaultRig(3, 10, faults).RunFor(8).AssertSound();

            var last = rig.Sink.All.Where(said => said.PublishedAtS >= 7).ToList();
            Assert.True(last.Count >= 9, string.Join(' ', faults));
            Assert.All(last, said => Assert.True(said is { Missing: [], Envelope.Validity: Proto.Validity.Valid }, $"{said} after {string.Join(' ', faults)}"));
        }
    }

    private static void AssertValid(IReadOnlyList<Said> after)
    {
        Assert.NotEmpty(after);
        Assert.All(after, said => Assert.True(said is { Missing: [], Envelope.Validity: Proto.Validity.Valid }, said.ToString()));
    }
}
