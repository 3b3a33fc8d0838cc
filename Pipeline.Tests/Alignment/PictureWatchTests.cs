using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.AlignerRig;

namespace Forecast.Pipeline.Tests.Alignment;

/// <summary>Black and frozen cameras, as the aligner masks them.</summary>
public sealed class PictureWatchTests
{
    private readonly AlignerRig _rig = new();

    [Fact]
    public void TryForm_BlackCamera_IsMaskedAndCounted()
    {
        var aligner = _rig.Aligner();
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);
        _rig.OfferAt(aligner, 2, 1000, 1000, new PictureContent(7, 1, 0.5f));

        Assert.True(_rig.TryForm(aligner, 1001));
        Assert.Equal(MissingReason.Black, _rig.Set.Use(2).Missing);
        Assert.Equal(1, _rig.Ledger.Copy().Cameras[2].Dropped[(int)DropReason.Black]);
    }

    [Theory]
    [InlineData(10f, true)]
    [InlineData(0f, false)]
    [InlineData(float.NaN, true)] // another camera's picture changes
    public void TryForm_SamePixelsAgain_AreFrozenOnlyWhileTheWorldMoves(float speed, bool frozen)
    {
        var aligner = _rig.Aligner();
        var last = MissingReason.None;
        for (var tick = 0; tick < 6; tick++)
        {
            var capture = 1000 + (tick * 100);
            _rig.Offer(aligner, 0, capture);
            _rig.Offer(aligner, 1, capture);
            _rig.OfferAt(aligner, 2, capture, capture, new PictureContent(42, 90, 20));
            Assert.True(aligner.TryForm(At(capture + 1), speed, _rig.Set));
            last = _rig.Set.Use(2).Missing;
            _rig.Set.Release();
        }

        Assert.Equal(frozen ? MissingReason.Frozen : MissingReason.None, last);
    }

    [Fact]
    public void TryForm_EveryCameraBlack_FormsNothing()
    {
        var aligner = _rig.Aligner();
        for (var camera = 0; camera < AlignerRig.Cameras; camera++)
        {
            _rig.OfferAt(aligner, camera, 1000, 1000, new PictureContent(1, 0, 0));
        }

        Assert.False(_rig.TryForm(aligner, 1001));
        var copy = _rig.Ledger.Copy();
        Assert.Equal((1, 0), (copy.Due, copy.Formed));
        Assert.Equal(0, _rig.Pool.Outstanding);
    }
}
