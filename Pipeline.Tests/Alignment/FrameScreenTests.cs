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
        Assert.Null(_screen.Check(Frame(60_200, 1300), out var newBase));
        Assert.True(newBase);
        Assert.Null(Check(60_300, 1400));
    }

    [Fact]
    public void Check_JumpBack_IsBelievedAfterThreeFrames()
    {
        Check(100_000, 1000);
        Assert.Equal(DropReason.Backward, Check(5000, 1100));
        Assert.Equal(DropReason.Backward, Check(5100, 1200));
        Assert.Null(_screen.Check(Frame(5200, 1300), out var newBase));
        Assert.True(newBase);
    }

    [Fact]
    public void Check_CameraSilentForAMinute_ComesBackWithoutAJump()
    {
        Check(1000, 1000);
        Assert.Null(Check(61_000, 61_000));
    }

    private static Frame Frame(long captureMs, long arrivalMs) =>
        new(new FrameId(0, 0), new Timestamp(captureMs * 1_000_000), new Timestamp(arrivalMs * 1_000_000), default, default);

    private DropReason? Check(long captureMs, long arrivalMs) => _screen.Check(Frame(captureMs, arrivalMs), out _);
}
