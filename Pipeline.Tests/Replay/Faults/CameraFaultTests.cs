using Forecast.Pipeline.Scheduling;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Replay.Faults;

/// <summary>Cameras that go wrong from the second to the fourth second of six: what subscribers hear meanwhile, and that it is over after.</summary>
public sealed class CameraFaultTests
{
    private const int Cameras = 3;

    [Theory]
    [InlineData("unplugged", "lost", "camera_missing", null, 0.1)]
    [InlineData("frozen", "frozen", "camera_frozen", DropReason.Frozen, 0.4)]
    [InlineData("black", "black", "camera_black", DropReason.Black, 0.1)]
    [InlineData("half", "no_frame", "camera_missing", DropReason.Damaged, 0.1)]
    [InlineData("size", "no_frame", "camera_missing", DropReason.Damaged, 0.1)]
    [InlineData("repeat", "no_frame", "camera_missing", DropReason.Duplicate, 0.1)]
    public void OneCamera_IsMaskedAndNamedAndBackAfter(string fault, string missing, string reason, DropReason? drop, double withinS)
    {
        for (var camera = 0; camera < Cameras; camera++)
        {
            using var rig = new FaultRig(Cameras, 10, $"camera.camera{camera}={fault}@2s..4s").RunFor(6).AssertSound();

            var meanwhile = rig.Between(2 + withinS, 3.95);
            Assert.True(meanwhile.Count >= 15, $"{meanwhile.Count} forecasts while camera {camera} was {fault}");
            Assert.All(meanwhile, said => Assert.Equal([$"camera{camera} {missing}"], said.Missing));
            Assert.All(meanwhile, said => Assert.Equal(Proto.Validity.Degraded, said.Envelope.Validity));
            Assert.All(meanwhile, said => Assert.Contains(reason, said.Reasons));
            AssertWholeAndValid(rig.Between(4.25, 6));
            Assert.Equal(0, rig.Run.Resets);
            AssertDropsOnly(rig, camera, drop);
        }
    }

    [Theory]
    [InlineData("unplugged")]
    [InlineData("black")]
    [InlineData("half")]
    public void EveryCamera_NothingIsSaidAndThenTheStateBeginsAnew(string fault)
    {
        using var rig = new FaultRig(Cameras, 10, $"camera.*={fault}@2s..4s").RunFor(6).AssertSound();

        Assert.Empty(rig.Between(2.05, 3.95));
        Assert.Equal(1, rig.Ledger.Resets[(int)ResetReason.Gap]);
        Assert.Contains("warming_up", rig.Between(4, 4.25)[0].Reasons);
        AssertWholeAndValid(rig.Between(4.5, 6));
    }

    /// <summary>A third of the pictures: each one is missed in its own tick only, the same ones in every run.</summary>
    [Fact]
    public void OneCamera_SomePicturesCutShort_IsMissedInTheirTicksOnly()
    {
        using var rig = new FaultRig(Cameras, 10, "camera.camera1=half:0.33@1s..5s").RunFor(6).AssertSound();
        using var again = new FaultRig(Cameras, 10, "camera.camera1=half:0.33@1s..5s").RunFor(6).AssertSound();

        var damaged = rig.Ledger.Cameras[1].Dropped[(int)DropReason.Damaged];
        Assert.InRange(damaged, 6, 20);
        Assert.Equal(damaged, rig.Sink.All.Count(said => said.Missing.Contains("camera1 no_frame")));
        Assert.Equal(rig.Sink.All.Select(said => said.Missing.Count), again.Sink.All.Select(said => said.Missing.Count));
        Assert.InRange(rig.Sink.All.Count, 59, 61);
    }

    [Fact]
    public void OneCamera_From60To5Hz_IsUsedWhenItComesAndNamedWhenNot()
    {
        using var rig = new FaultRig(Cameras, 60, "camera.camera1=rate:5@2s..4s").RunFor(6).AssertSound();

        var meanwhile = rig.Between(2.1, 3.95);
        Assert.InRange(meanwhile.Count, 16, 20);
        Assert.InRange(meanwhile.Count(said => said.Missing.Count == 0), 7, 11);
        Assert.All(meanwhile, said => Assert.True(said.Missing is [] or ["camera1 no_frame"] or ["camera1 out_of_tolerance"], said.ToString()));
        AssertWholeAndValid(rig.Between(4.25, 6));
    }

    [Fact]
    public void EveryCamera_From60To5Hz_GoesOnAtTheirRateAndIsOnTime()
    {
        using var rig = new FaultRig(Cameras, 60, "camera.*=rate:5@2s..4s").RunFor(6).AssertSound();

        var meanwhile = rig.Between(2.1, 3.95);
        Assert.InRange(meanwhile.Count, 8, 11);
        Assert.All(meanwhile, said => Assert.True(said.IsRelied, said.ToString()));
        Assert.Equal(0, rig.Run.Resets); // 0.2 s is no gap
        AssertWholeAndValid(rig.Between(4.25, 6));
    }

    /// <summary>A camera's own clock: believed after three frames, taken back to the rig's time and said to be; and again when it comes back.</summary>
    [Theory]
    [InlineData("5s")]
    [InlineData("-5s")]
    public void OneCamera_StampsJump_IsAlignedAgainAndSaidSo(string by)
    {
        using var rig = new FaultRig(Cameras, 10, $"camera.camera2=jump:{by}@2s..4s").RunFor(7).AssertSound();

        Assert.All(rig.Between(2.05, 2.15), said => Assert.Equal(["camera2 no_frame"], said.Missing));
        var meanwhile = rig.Between(2.45, 3.95);
        Assert.All(meanwhile, said => Assert.Empty(said.Missing));
        Assert.All(meanwhile, said => Assert.Contains("capture_time_unverified", said.Reasons));
        AssertWholeAndValid(rig.Between(4.6, 7));
        Assert.Equal(0, rig.Run.Resets);
    }

    /// <summary>The clock that they share: the ticks begin anew in its time, and the world state with them.</summary>
    [Theory]
    [InlineData("30s")]
    [InlineData("-30s")]
    public void EveryCamera_StampsJump_TheStateBeginsAnew(string by)
    {
        using var rig = new FaultRig(Cameras, 10, $"camera.*=jump:{by}@2s").RunFor(6).AssertSound();

        Assert.Equal(1, rig.Ledger.Resets[(int)ResetReason.ClockJump]);
        Assert.Contains(rig.Sink.All, said => said.Tick > 19 && said.Reasons.Contains("warming_up"));
    }

    /// <summary>Stamps from the future promise time that is not there: the deadline counts from when the pictures came, and the stamps are not believed.</summary>
    [Fact]
    public void EveryCamera_StampsInTheFuture_NothingLateIsValid()
    {
        using var rig = new FaultRig(Cameras, 10, "camera.*=jump:30s@2s", "model=slow:120ms@4s").RunFor(7).AssertSound();

        Assert.All(rig.Between(32.4, 33.9), said => Assert.Contains("capture_time_unverified", said.Reasons));
        Assert.All(rig.Between(32.4, 33.9), said => Assert.True(said.IsRelied, said.ToString()));
        var late = rig.Between(34.05, 36);
        Assert.NotEmpty(late);
        Assert.All(late, said => Assert.Equal(Proto.Validity.Stale, said.Envelope.Validity));
    }

    [Fact]
    public void OneCamera_StampsGoBack_IsDroppedAndNamedAndBackAfter()
    {
        using var rig = new FaultRig(Cameras, 10, "camera.camera0=back@2s..4s").RunFor(6).AssertSound();

        var meanwhile = rig.Between(2.15, 3.95);
        Assert.True(meanwhile.Count >= 15);
        Assert.All(meanwhile, said => Assert.Equal(["camera0 no_frame"], said.Missing));
        Assert.True(rig.Ledger.Cameras[0].Dropped[(int)DropReason.Backward] >= 15);
        AssertWholeAndValid(rig.Between(4.6, 6));
        Assert.Equal(0, rig.Run.Resets);
    }

    /// <summary>Stamps that are off by up to 90 ms: what lies outside the tolerance is not used, and nothing of it is said to be.</summary>
    [Fact]
    public void OneCamera_StampsJitter_UsesOnlyWhatLiesWithinTheTolerance()
    {
        using var rig = new FaultRig(Cameras, 10, "camera.camera1=jitter:90ms@2s..4s").RunFor(6).AssertSound();

        Assert.Contains(rig.Between(2, 4), said => said.Missing.Count == 1);
        Assert.All(rig.Sink.All, said => Assert.All(said.Envelope.FrameSet.CamerasUsed, camera =>
            Assert.True(Math.Abs(camera.CaptureTimeNs - said.Envelope.FrameSet.ReferenceTimeNs) <= 80_000_000, said.ToString())));
        AssertWholeAndValid(rig.Between(4.4, 6));
    }

    private static void AssertWholeAndValid(IReadOnlyList<Said> after)
    {
        Assert.NotEmpty(after);
        Assert.All(after, said => Assert.True(said is { Missing: [], Envelope.Validity: Proto.Validity.Valid }, said.ToString()));
    }

    /// <summary>One reason, of the camera that went wrong; no frame of the others was lost.</summary>
    private static void AssertDropsOnly(FaultRig rig, int camera, DropReason? reason)
    {
        var ledger = rig.Ledger;
        for (var other = 0; other < Cameras; other++)
        {
            var dropped = ledger.Cameras[other].Dropped.Select((count, index) => ((DropReason)index, count)).Where(entry => entry.count > 0 && entry.Item1 != DropReason.Shutdown).Select(entry => entry.Item1);
            Assert.Equal(other == camera && reason is { } only ? [only] : [], dropped);
        }

        Assert.All(ledger.SetDrops, drops => Assert.Equal(0, drops));
    }
}
