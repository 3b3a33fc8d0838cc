using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.AlignerRig;

namespace Forecast.Pipeline.Tests.Alignment;

public sealed class FrameSetAlignerTests
{
    private readonly AlignerRig _rig = new();

    [Fact]
    public void TryForm_AllCamerasThere_FormsAtOnceWithoutWaiting()
    {
        var aligner = _rig.Aligner();

        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1005);
        Assert.False(_rig.TryForm(aligner, 1006));
        _rig.Offer(aligner, 2, 1010);

        Assert.True(_rig.TryForm(aligner, 1011));
        Assert.Equal(3, _rig.Set.Used);
        Assert.Equal(At(1000), _rig.Set.Oldest);
        Assert.Equal(At(1010), _rig.Set.Reference);
        _rig.AssertLedgerAddsUp();
    }

    [Fact]
    public void TryForm_MissingCamera_WaitsOnceThenNotAgainUntilItIsBack()
    {
        var aligner = _rig.Aligner();
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);

        Assert.False(_rig.TryForm(aligner, 1029));
        Assert.Equal(At(1030), aligner.NextWake);
        Assert.True(_rig.TryForm(aligner, 1030));
        Assert.Equal(MissingReason.NoFrame, _rig.Set.Use(2).Missing);
        _rig.Set.Release();

        _rig.Offer(aligner, 0, 1100);
        _rig.Offer(aligner, 1, 1100);
        Assert.True(_rig.TryForm(aligner, 1101)); // paid already: no second wait
        _rig.Set.Release();

        _rig.Offer(aligner, 2, 1200);
        _rig.Offer(aligner, 0, 1200);
        Assert.False(_rig.TryForm(aligner, 1201)); // back: all three are waited for again
        _rig.Offer(aligner, 1, 1200);
        Assert.True(_rig.TryForm(aligner, 1202));
        Assert.Equal(3, _rig.Set.Used);
        _rig.AssertLedgerAddsUp();
    }

    [Fact]
    public void TryForm_CameraThatIsBackAndArrivesLast_IsWaitedForAtItsSecondFrame()
    {
        var aligner = _rig.Aligner();
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);
        Assert.True(_rig.TryForm(aligner, 1030));
        _rig.Set.Release();

        _rig.Offer(aligner, 0, 1100);
        _rig.Offer(aligner, 1, 1100);
        Assert.True(_rig.TryForm(aligner, 1101));
        _rig.Set.Release();
        _rig.Offer(aligner, 2, 1100);
        Assert.False(_rig.TryForm(aligner, 1102)); // its set has gone without it

        _rig.Offer(aligner, 0, 1200);
        _rig.Offer(aligner, 1, 1200);
        Assert.False(_rig.TryForm(aligner, 1201));
        _rig.Offer(aligner, 2, 1200);
        Assert.True(_rig.TryForm(aligner, 1202));
        Assert.Equal(3, _rig.Set.Used);
    }

    [Fact]
    public void TryForm_CameraThatIsAlwaysLate_IsWaitedForSeldom()
    {
        var aligner = _rig.Aligner();
        var waits = 0;
        for (var tick = 0; tick < 40; tick++)
        {
            var capture = 1000 + (tick * 100);
            _rig.Offer(aligner, 0, capture);
            _rig.Offer(aligner, 1, capture);
            if (!_rig.TryForm(aligner, capture))
            {
                waits++;
                Assert.True(_rig.TryForm(aligner, capture + 30));
            }

            _rig.Set.Release();
            _rig.OfferAt(aligner, 2, capture, capture + 60);
            Assert.False(_rig.TryForm(aligner, capture + 60));
        }

        Assert.InRange(waits, 1, 6);
    }

    [Fact]
    public void TryForm_LostCamera_IsNotWaitedForAndNamed()
    {
        var aligner = _rig.Aligner();
        aligner.CameraLost(2);
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);

        Assert.True(_rig.TryForm(aligner, 1001));
        Assert.Equal(MissingReason.Lost, _rig.Set.Use(2).Missing);
    }

    [Fact]
    public void TryForm_FrameOutsideTolerance_IsMaskedAndDropped()
    {
        var aligner = _rig.Aligner(toleranceMs: 20);
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);
        _rig.Offer(aligner, 2, 1045);

        Assert.True(_rig.TryForm(aligner, 1046));
        Assert.Equal(2, _rig.Set.Used);
        Assert.Equal(MissingReason.OutOfTolerance, _rig.Set.Use(2).Missing);
        Assert.Equal(1, _rig.Ledger.Copy().Cameras[2].Dropped[(int)DropReason.OutOfTolerance]);
        _rig.AssertLedgerAddsUp();
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 2, 0)]
    public void TryForm_ArrivalShuffledInsideATick_GivesTheSameSets(int first, int second, int third)
    {
        var aligner = _rig.Aligner();
        for (var tick = 0; tick < 5; tick++)
        {
            var capture = 1000 + (tick * 100);
            foreach (var camera in new[] { first, second, third })
            {
                _rig.OfferAt(aligner, camera, capture + (camera * 7), capture + 20);
            }

            Assert.True(_rig.TryForm(aligner, capture + 20));
            Assert.Equal(At(capture), _rig.Set.Oldest);
            Assert.Equal(At(capture + 14), _rig.Set.Reference);
            Assert.Equal(tick, _rig.Set.Tick);
            _rig.Set.Release();
        }
    }

    [Fact]
    public void Abandon_WaitingFrames_AreGivenBackAndCounted()
    {
        var aligner = _rig.Aligner();
        _rig.Offer(aligner, 0, 1000);
        aligner.Abandon();

        Assert.Equal(0, _rig.Pool.Outstanding);
        Assert.Equal(1, _rig.Ledger.Copy().Cameras[0].Dropped[(int)DropReason.Shutdown]);
    }

    [Fact]
    public void Offer_ClockJump_DropsUntilBelievedThenSaysSo()
    {
        var aligner = _rig.Aligner();
        _rig.OfferAll(aligner, 1000);
        Assert.True(_rig.TryForm(aligner, 1001));
        _rig.Set.Release();
        for (var i = 0; i < 4; i++)
        {
            for (var camera = 0; camera < AlignerRig.Cameras; camera++)
            {
                _rig.OfferAt(aligner, camera, 900_000 + (i * 100), 1100 + (i * 100));
            }
        }

        Assert.True(_rig.TryForm(aligner, 1401));
        Assert.True(_rig.Set.AfterJump);
        Assert.Equal(2, _rig.Ledger.Copy().Cameras[0].Dropped[(int)DropReason.Jumped]);
        _rig.Set.Release();
    }
}
