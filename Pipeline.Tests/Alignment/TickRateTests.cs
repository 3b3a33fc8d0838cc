using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.AlignerRig;

namespace Forecast.Pipeline.Tests.Alignment;

/// <summary>Cameras faster than the tick, off its rate, or silent for a while: how the aligner's ticks go on.</summary>
public sealed class TickRateTests
{
    private readonly AlignerRig _rig = new();

    [Fact]
    public void TryForm_FasterCamera_TakesTheNearestAndDecimatesTheRest()
    {
        var aligner = new FrameSetAligner(
            TestRig.Of(1, rateHz: 30),
            new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(20) },
            _rig.Ledger);
        var formed = new List<long>();
        for (var i = 0; i < 60; i++)
        {
            var capture = 1000 + (i * 100 / 3);
            _rig.Offer(aligner, 0, capture);
            while (aligner.TryForm(At(capture + 1), 10, _rig.Set))
            {
                formed.Add(_rig.Set.Reference.Nanoseconds / 1_000_000);
                _rig.Set.Release();
            }
        }

        Assert.InRange(formed.Count, 19, 21);
        Assert.All(formed.Zip(formed.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 95, 105));
        var counts = _rig.Ledger.Copy().Cameras[0];
        Assert.InRange(counts.Dropped[(int)DropReason.Decimated], 36, 41);
    }

    [Fact]
    public void TryForm_RateThatIsNoMultiple_KeepsTheTicksRate()
    {
        var aligner = new FrameSetAligner(
            TestRig.Of(1, rateHz: 25),
            new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(40) },
            _rig.Ledger);
        var formed = new List<long>();
        for (var i = 0; i < 250; i++)
        {
            _rig.Offer(aligner, 0, 1000 + (i * 40));
            while (aligner.TryForm(At(1000 + (i * 40)), 10, _rig.Set))
            {
                formed.Add(_rig.Set.Reference.Nanoseconds / 1_000_000);
                _rig.Set.Release();
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
            _rig.Ledger);
        var formed = new List<long>();
        for (var now = 1000; now < 3000; now += 5)
        {
            if (now % 50 == 0)
            {
                _rig.Offer(aligner, 0, now);
            }

            if (aligner.TryForm(At(now), 10, _rig.Set))
            {
                formed.Add(_rig.Set.Reference.Nanoseconds / 1_000_000);
                _rig.Set.Release();
            }
        }

        Assert.Equal(Enumerable.Range(10, 20).Select(i => i * 100L), formed);
        Assert.InRange(_rig.Ledger.Copy().Cameras[0].Dropped[(int)DropReason.Decimated], 19, 20);
    }

    [Fact]
    public void TryForm_SlowDriftOfTheRate_FollowsTheCameras()
    {
        var aligner = _rig.Aligner();
        var formed = 0;
        for (var tick = 0; tick < 300; tick++)
        {
            var capture = 1000 + (tick * 103); // 9.7 Hz against 10
            for (var camera = 0; camera < AlignerRig.Cameras; camera++)
            {
                _rig.Offer(aligner, camera, capture + camera);
            }

            if (_rig.TryForm(aligner, capture + 5))
            {
                formed++;
                Assert.Equal(3, _rig.Set.Used);
                _rig.Set.Release();
            }
        }

        Assert.Equal(300, formed);
        Assert.Equal(300, _rig.Ledger.Copy().Due);
    }

    [Fact]
    public void TryForm_GapOfSomeTicks_CountsTheTicksAsDue()
    {
        var aligner = _rig.Aligner();
        _rig.OfferAll(aligner, 1000);
        Assert.True(_rig.TryForm(aligner, 1001));
        _rig.Set.Release();
        _rig.OfferAll(aligner, 1500);

        Assert.True(_rig.TryForm(aligner, 1501));
        Assert.Equal(At(1500), _rig.Set.Reference);
        Assert.Equal(6, _rig.Ledger.Copy().Due); // 1000, four lost, 1500
        Assert.Equal(2, _rig.Ledger.Copy().Formed);
    }

    [Fact]
    public void TryForm_FirstStampThousandsOfMillionsOfTicksAhead_ComesBackAtOnce()
    {
        var aligner = _rig.Aligner();
        _rig.Offer(aligner, 0, 1000);
        _rig.Offer(aligner, 1, 1000);
        Assert.True(_rig.TryForm(aligner, 1030));
        _rig.Set.Release();
        _rig.OfferAt(aligner, 2, 4_000_000_000_000, 1100);

        Assert.False(_rig.TryForm(aligner, 1101));
        Assert.True(_rig.Ledger.Copy().Due > 1_000_000_000);
        aligner.Abandon();
    }
}
