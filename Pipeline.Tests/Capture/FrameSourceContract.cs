using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.OpenCv;

namespace Forecast.Pipeline.Tests.Capture;

/// <summary>What every camera promises, live or recorded. The recording has five frames, 64x32, of rising grey.</summary>
public abstract class FrameSourceContract : IDisposable
{
    protected const int Frames = 5;

    private readonly PictureMaker _maker = new();

    private protected PictureMaker Maker => _maker;

    public void Dispose()
    {
        _maker.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Grab_ToTheEnd_GivesEveryFrameInOrderAndThenEnds()
    {
        using var source = Open(Frames);
        var last = new Timestamp(long.MinValue);
        for (var i = 0; i < Frames; i++)
        {
            var grabbed = source.Grab();
            Assert.Equal((GrabStatus.Frame, null), (grabbed.Status, grabbed.Detail));
            Assert.True(grabbed.CaptureTime > last);
            Assert.True(grabbed.ArrivalTime >= grabbed.CaptureTime);
            last = grabbed.CaptureTime;
            Assert.InRange(source.Prepare(new byte[32 * 16 * 3]).MeanLevel, PictureMaker.Level(i) - 4, PictureMaker.Level(i) + 4);
        }

        Assert.Equal(GrabStatus.Ended, source.Grab().Status);
        Assert.Equal(GrabStatus.Ended, source.Grab().Status);
    }

    [Fact]
    public void Prepare_Frame_FillsTheWholeModelPicture()
    {
        using var source = Open(Frames);
        var picture = new byte[32 * 16 * 3];
        source.Grab();

        source.Prepare(picture);

        Assert.All(picture, level => Assert.InRange(level, PictureMaker.Level(0) - 4, PictureMaker.Level(0) + 4));
    }

    [Fact]
    public void Grab_Interrupted_Ends()
    {
        using var source = Open(Frames);
        source.Grab();

        source.Interrupt();

        Assert.Equal(GrabStatus.Ended, source.Grab().Status);
    }

    [Fact]
    public void Prepare_NothingGrabbed_Throws()
    {
        using var source = Open(Frames);

        Assert.Throws<InvalidOperationException>(() => source.Prepare(new byte[32 * 16 * 3]));
    }

    [Fact]
    public void GrabAndPrepare_InSteadyState_AllocateNothing()
    {
        using var source = Open(10);
        var picture = new byte[32 * 16 * 3];
        for (var i = 0; i < 3; i++)
        {
            source.Grab();
            source.Prepare(picture);
        }

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            source.Grab();
            source.Prepare(picture);
            source.Grab();
            source.Prepare(picture);
        }));
    }

    [Fact]
    public void Camera_IsTheRigsName()
    {
        using var source = Open(Frames);

        Assert.Equal("front", source.Camera);
    }

    /// <summary>A camera of <see cref="Calibration"/> with so many frames, prepared to 32x16.</summary>
    private protected abstract IFrameSource Open(int frames);

    private protected static CameraCalibration Calibration { get; } = TestRig.Camera("front", rateHz: 100) with
    {
        WidthPx = 64,
        HeightPx = 32,
        Intrinsics = new Intrinsics(45, 45, 31.5, 15.5),
    };
}
