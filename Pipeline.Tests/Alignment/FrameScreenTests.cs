using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Tests.Alignment;

public sealed class FrameScreenTests
{
    private readonly FrameScreen _screen = new();

    [Fact]
    public void Check_SteadyFrames_Pass()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(Check(1000 + (i * 100), 1005 + (i * 100)));
        }
    }

    [Fact]
    public void Check_SameStampAgain_IsADuplicate()
    {
        Check(1000, 1000);
        Assert.Equal(DropReason.Duplicate, Check(1000, 1100));
        Assert.Null(Check(1200, 1200));
    }

    [Fact]
    public void Check_SingleBackwardStamp_IsDroppedAndForgotten()
    {
        Check(1000, 1000);
        Check(1100, 1100);
        Assert.Equal(DropReason.Backward, Check(1050, 1200));
        Assert.Null(Check(1300, 1300));
    }

    [Fact]
    public void Check_JumpAhead_IsBelievedAfterThreeFrames()
    {
        Check(1000, 1000);
        Assert.Equal(DropReason.Jumped, Check(60_000, 1100));
        Assert.Equal(DropReason.Jumped, Check(60_100, 1200));
        Assert.Null(_screen.Check(Frame(60_200, 1300), out var jump));
        Assert.Equal(TimeSpan.FromMilliseconds(58_900), jump);
        Assert.Null(Check(60_300, 1400));
    }

    [Fact]
    public void Check_JumpBack_IsBelievedAfterThreeFrames()
    {
        Check(100_000, 1000);
        Assert.Equal(DropReason.Backward, Check(5000, 1100));
        Assert.Equal(DropReason.Backward, Check(5100, 1200));
        Assert.Null(_screen.Check(Frame(5200, 1300), out var jump));
        Assert.Equal(TimeSpan.FromMilliseconds(-95_100), jump);
    }

    [Fact]
    public void Check_CameraSilentForAMinute_ComesBackWithoutAJump()
    {
        Check(1000, 1000);
        Assert.Null(Check(61_000, 61_000));
    }

    [Fact]
    public void Check_JumpWhileSomeFramesAreDelayed_IsMeasuredOnThoseThatWereDelayedLeast()
    {
        Check(1000, 1010);
        Check(1100, 1135);
        Check(6200, 6335 - 5100);
        Check(6300, 6310 - 5000 + 20);
        Assert.Null(_screen.Check(Frame(6400, 6410 - 5000 + 30), out var jump));
        Assert.InRange(jump.TotalMilliseconds, 4970, 5000);
    }

    [Fact]
    public void Check_PicturesThatCameLongAfterTheyWereTaken_AreNoJump()
    {
        Check(1000, 1010);
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(_screen.Check(Frame(1100 + (i * 100), 21_010 + (i * 100)), out var jump));
            Assert.Equal(TimeSpan.Zero, jump);
        }
    }

    private static Frame Frame(long captureMs, long arrivalMs) =>
        new(new FrameId(0, 0), new Timestamp(captureMs * 1_000_000), new Timestamp(arrivalMs * 1_000_000), default, default);

    private DropReason? Check(long captureMs, long arrivalMs) => _screen.Check(Frame(captureMs, arrivalMs), out _);
}
