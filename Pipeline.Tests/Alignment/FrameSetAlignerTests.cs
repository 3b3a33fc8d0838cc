using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Alignment;

public sealed class FrameSetAlignerTests
{
    private const int Cameras = 3;
    private readonly FramePool _pool = new(32, 4);
    private readonly Ledger _ledger = new(Cameras);
    private readonly FrameSet _set = new(Cameras);
    private readonly long[] _numbers = new long[Cameras];
    private ulong _fingerprint = 1;

    [Fact]
    public void TryForm_AllCamerasThere_FormsAtOnceWithoutWaiting()
    {
        var aligner = Aligner();

        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1005);
        Assert.False(TryForm(aligner, 1006));
        Offer(aligner, 2, 1010);

        Assert.True(TryForm(aligner, 1011));
        Assert.Equal(3, _set.Used);
        Assert.Equal(At(1000), _set.Oldest);
        Assert.Equal(At(1010), _set.Reference);
        AssertLedgerAddsUp();
    }

    [Fact]
    public void TryForm_MissingCamera_WaitsOnceThenNotAgainUntilItIsBack()
    {
        var aligner = Aligner();
        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1000);

        Assert.False(TryForm(aligner, 1029));
        Assert.Equal(At(1030), aligner.NextWake);
        Assert.True(TryForm(aligner, 1030));
        Assert.Equal(MissingReason.NoFrame, _set.Use(2).Missing);
        _set.Release();

        Offer(aligner, 0, 1100);
        Offer(aligner, 1, 1100);
        Assert.True(TryForm(aligner, 1101)); // paid already: no second wait
        _set.Release();

        Offer(aligner, 2, 1200);
        Offer(aligner, 0, 1200);
        Assert.False(TryForm(aligner, 1201)); // back: all three are waited for again
        Offer(aligner, 1, 1200);
        Assert.True(TryForm(aligner, 1202));
        Assert.Equal(3, _set.Used);
        AssertLedgerAddsUp();
    }

    [Fact]
    public void TryForm_LostCamera_IsNotWaitedForAndNamed()
    {
        var aligner = Aligner();
        aligner.CameraLost(2);
        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1000);

        Assert.True(TryForm(aligner, 1001));
        Assert.Equal(MissingReason.Lost, _set.Use(2).Missing);
    }

    [Fact]
    public void TryForm_FrameOutsideTolerance_IsMaskedAndDropped()
    {
        var aligner = Aligner(toleranceMs: 20);
        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1000);
        Offer(aligner, 2, 1045);

        Assert.True(TryForm(aligner, 1046));
        Assert.Equal(2, _set.Used);
        Assert.Equal(MissingReason.OutOfTolerance, _set.Use(2).Missing);
        Assert.Equal(1, _ledger.Copy().Cameras[2].Dropped[(int)DropReason.OutOfTolerance]);
        AssertLedgerAddsUp();
    }

    [Fact]
    public void TryForm_FasterCamera_TakesTheNearestAndDecimatesTheRest()
    {
        var aligner = new FrameSetAligner(
            TestRig.Of(1, rateHz: 30),
            new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(20) },
            _ledger);
        var formed = new List<long>();
        for (var i = 0; i < 60; i++)
        {
            var capture = 1000 + (i * 100 / 3);
            Offer(aligner, 0, capture);
            while (aligner.TryForm(At(capture + 1), 10, _set))
            {
                formed.Add(_set.Reference.Nanoseconds / 1_000_000);
                _set.Release();
            }
        }

        Assert.InRange(formed.Count, 19, 21);
        Assert.All(formed.Zip(formed.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 95, 105));
        var counts = _ledger.Copy().Cameras[0];
        Assert.InRange(counts.Dropped[(int)DropReason.Decimated], 36, 41);
    }

    [Fact]
    public void TryForm_RateThatIsNoMultiple_KeepsTheTicksRate()
    {
        var aligner = new FrameSetAligner(
            TestRig.Of(1, rateHz: 25),
            new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(40) },
            _ledger);
        var formed = new List<long>();
        for (var i = 0; i < 250; i++)
        {
            Offer(aligner, 0, 1000 + (i * 40));
            while (aligner.TryForm(At(1000 + (i * 40)), 10, _set))
            {
                formed.Add(_set.Reference.Nanoseconds / 1_000_000);
                _set.Release();
            }
        }

        Assert.InRange(formed.Count, 99, 101);
        Assert.All(formed.Zip(formed.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 80, 120));
    }

    [Fact]
    public void TryForm_TwiceAsFastCamera_DoesNotSettleForTheFrameBetween()
    {
        var aligner = new FrameSetAligner(
            TestRig.Of(1, rateHz: 20),
            new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(40), Wait = TimeSpan.FromMilliseconds(30) },
            _ledger);
        var formed = new List<long>();
        for (var now = 1000; now < 3000; now += 5)
        {
            if (now % 50 == 0)
            {
                Offer(aligner, 0, now);
            }

            if (aligner.TryForm(At(now), 10, _set))
            {
                formed.Add(_set.Reference.Nanoseconds / 1_000_000);
                _set.Release();
            }
        }

        Assert.Equal(Enumerable.Range(10, 20).Select(i => i * 100L), formed);
        Assert.InRange(_ledger.Copy().Cameras[0].Dropped[(int)DropReason.Decimated], 19, 20);
    }

    [Fact]
    public void TryForm_SlowDriftOfTheRate_FollowsTheCameras()
    {
        var aligner = Aligner();
        var formed = 0;
        for (var tick = 0; tick < 300; tick++)
        {
            var capture = 1000 + (tick * 103); // 9.7 Hz against 10
            for (var camera = 0; camera < Cameras; camera++)
            {
                Offer(aligner, camera, capture + camera);
            }

            if (TryForm(aligner, capture + 5))
            {
                formed++;
                Assert.Equal(3, _set.Used);
                _set.Release();
            }
        }

        Assert.Equal(300, formed);
        Assert.Equal(300, _ledger.Copy().Due);
    }

    [Fact]
    public void TryForm_GapOfSomeTicks_CountsTheTicksAsDue()
    {
        var aligner = Aligner();
        OfferAll(aligner, 1000);
        Assert.True(TryForm(aligner, 1001));
        _set.Release();
        OfferAll(aligner, 1500);

        Assert.True(TryForm(aligner, 1501));
        Assert.Equal(At(1500), _set.Reference);
        Assert.Equal(6, _ledger.Copy().Due); // 1000, four lost, 1500
        Assert.Equal(2, _ledger.Copy().Formed);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 2, 0)]
    public void TryForm_ArrivalShuffledInsideATick_GivesTheSameSets(int first, int second, int third)
    {
        var aligner = Aligner();
        for (var tick = 0; tick < 5; tick++)
        {
            var capture = 1000 + (tick * 100);
            foreach (var camera in new[] { first, second, third })
            {
                OfferAt(aligner, camera, capture + (camera * 7), capture + 20);
            }

            Assert.True(TryForm(aligner, capture + 20));
            Assert.Equal(At(capture), _set.Oldest);
            Assert.Equal(At(capture + 14), _set.Reference);
            Assert.Equal(tick, _set.Tick);
            _set.Release();
        }
    }

    [Fact]
    public void TryForm_BlackCamera_IsMaskedAndCounted()
    {
        var aligner = Aligner();
        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1000);
        OfferAt(aligner, 2, 1000, 1000, new PictureContent(7, 1, 0.5f));

        Assert.True(TryForm(aligner, 1001));
        Assert.Equal(MissingReason.Black, _set.Use(2).Missing);
        Assert.Equal(1, _ledger.Copy().Cameras[2].Dropped[(int)DropReason.Black]);
    }

    [Theory]
    [InlineData(10f, true)]
    [InlineData(0f, false)]
    [InlineData(float.NaN, true)] // another camera's picture changes
    public void TryForm_SamePixelsAgain_AreFrozenOnlyWhileTheWorldMoves(float speed, bool frozen)
    {
        var aligner = Aligner();
        var last = MissingReason.None;
        for (var tick = 0; tick < 6; tick++)
        {
            var capture = 1000 + (tick * 100);
            Offer(aligner, 0, capture);
            Offer(aligner, 1, capture);
            OfferAt(aligner, 2, capture, capture, new PictureContent(42, 90, 20));
            Assert.True(aligner.TryForm(At(capture + 1), speed, _set));
            last = _set.Use(2).Missing;
            _set.Release();
        }

        Assert.Equal(frozen ? MissingReason.Frozen : MissingReason.None, last);
    }

    [Fact]
    public void TryForm_EveryCameraBlack_FormsNothing()
    {
        var aligner = Aligner();
        for (var camera = 0; camera < Cameras; camera++)
        {
            OfferAt(aligner, camera, 1000, 1000, new PictureContent(1, 0, 0));
        }

        Assert.False(TryForm(aligner, 1001));
        var copy = _ledger.Copy();
        Assert.Equal((1, 0), (copy.Due, copy.Formed));
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Offer_ClockJump_DropsUntilBelievedThenSaysSo()
    {
        var aligner = Aligner();
        OfferAll(aligner, 1000);
        Assert.True(TryForm(aligner, 1001));
        _set.Release();
        for (var i = 0; i < 4; i++)
        {
            for (var camera = 0; camera < Cameras; camera++)
            {
                OfferAt(aligner, camera, 900_000 + (i * 100), 1100 + (i * 100));
            }
        }

        Assert.True(TryForm(aligner, 1401));
        Assert.True(_set.AfterJump);
        Assert.Equal(2, _ledger.Copy().Cameras[0].Dropped[(int)DropReason.Jumped]);
        _set.Release();
    }

    [Fact]
    public void TryForm_FirstStampThousandsOfMillionsOfTicksAhead_ComesBackAtOnce()
    {
        var aligner = Aligner();
        Offer(aligner, 0, 1000);
        Offer(aligner, 1, 1000);
        Assert.True(TryForm(aligner, 1030));
        _set.Release();
        OfferAt(aligner, 2, 4_000_000_000_000, 1100);

        Assert.False(TryForm(aligner, 1101));
        Assert.True(_ledger.Copy().Due > 1_000_000_000);
        aligner.Abandon();
    }

    [Fact]
    public void Abandon_WaitingFrames_AreGivenBackAndCounted()
    {
        var aligner = Aligner();
        Offer(aligner, 0, 1000);
        aligner.Abandon();

        Assert.Equal(0, _pool.Outstanding);
        Assert.Equal(1, _ledger.Copy().Cameras[0].Dropped[(int)DropReason.Shutdown]);
    }

    private static Timestamp At(long milliseconds) => new(milliseconds * 1_000_000);

    private FrameSetAligner Aligner(double toleranceMs = 40) => new(
        TestRig.Of(Cameras),
        new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(toleranceMs) },
        _ledger);

    private bool TryForm(FrameSetAligner aligner, long nowMs) => aligner.TryForm(At(nowMs), 10, _set);

    private void OfferAll(FrameSetAligner aligner, long captureMs)
    {
        for (var camera = 0; camera < Cameras; camera++)
        {
            Offer(aligner, camera, captureMs);
        }
    }

    private void Offer(FrameSetAligner aligner, int camera, long captureMs) => OfferAt(aligner, camera, captureMs, captureMs);

    private void OfferAt(FrameSetAligner aligner, int camera, long captureMs, long arrivalMs, PictureContent? content = null)
    {
        Assert.True(_pool.TryRent(out var lease));
        _ledger.FrameCaptured(camera);
        var frame = new Frame(new FrameId(camera, _numbers[camera]++), At(captureMs), At(arrivalMs), content ?? new PictureContent(_fingerprint++, 90, 20), lease);
        aligner.Offer(frame);
    }

    private void AssertLedgerAddsUp()
    {
        foreach (var camera in _ledger.Copy().Cameras)
        {
            Assert.True(camera.InFlight >= 0);
        }
    }
}
