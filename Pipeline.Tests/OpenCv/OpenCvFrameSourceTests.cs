using System.Diagnostics;
using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Capture;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.OpenCv;

/// <summary>A video file as a camera, in real time at 100 Hz.</summary>
public sealed class OpenCvVideoContractTests : FrameSourceContract
{
    private protected override IFrameSource Open(int frames) => new OpenCvFrameSource(
        Calibration, CameraSource.Parse("file:" + Maker.Video("drive.avi", frames, rate: 100), out _)!, 32, 16, new RigClock(TimeProvider.System));
}

/// <summary>A folder of pictures as a camera.</summary>
public sealed class OpenCvImagesContractTests : FrameSourceContract
{
    private protected override IFrameSource Open(int frames) => new OpenCvFrameSource(
        Calibration, CameraSource.Parse($"images:{Maker.Sequence("pictures", frames)}/%06d.jpg", out _)!, 32, 16, new RigClock(TimeProvider.System));
}

public sealed class OpenCvFrameSourceTests : IDisposable
{
    private static readonly OpenCvCaptureOptions Quick = new()
    {
        OpenTimeout = TimeSpan.FromSeconds(2),
        ReadTimeout = TimeSpan.FromMilliseconds(300),
        HangAfter = TimeSpan.FromSeconds(5),
        FirstRetry = TimeSpan.FromMilliseconds(20),
        LongestRetry = TimeSpan.FromMilliseconds(40),
    };

    private readonly PictureMaker _maker = new();

    public void Dispose() => _maker.Dispose();

    [Fact]
    public void Grab_NoSuchFile_IsLostAndSaysSo()
    {
        using var source = Make("file:" + Path.Combine(_maker.Folder, "none.mp4"));

        var grabbed = source.Grab();

        Assert.Equal(GrabStatus.Lost, grabbed.Status);
        Assert.Contains("no such file", grabbed.Detail);
        Assert.Contains("none.mp4", grabbed.Detail);
    }

    [Fact]
    public void Grab_GarbageFile_IsLostAndSaysSo()
    {
        var path = Path.Combine(_maker.Folder, "garbage.mp4");
        File.WriteAllBytes(path, [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 31))]);
        using var source = Make("file:" + path);

        var grabbed = source.Grab();

        Assert.Equal(GrabStatus.Lost, grabbed.Status);
        Assert.Contains("no video", grabbed.Detail);
    }

    [Fact]
    public void Grab_FileThatComesLater_IsTakenUp()
    {
        var path = Path.Combine(_maker.Folder, "late.avi");
        using var source = Make("file:" + path);
        Assert.Equal(GrabStatus.Lost, source.Grab().Status);

        File.Move(_maker.Video("made.avi", 3), path);

        Assert.Equal(GrabStatus.Frame, source.Grab().Status);
    }

    [Fact]
    public void Grab_AnotherSizeThanTheRigs_IsDamagedAndSaysBoth()
    {
        using var source = Make("file:" + _maker.Video("wide.avi", 3, width: 80));

        var grabbed = source.Grab();

        Assert.Equal(GrabStatus.Damaged, grabbed.Status);
        Assert.Contains("80x32", grabbed.Detail);
        Assert.Contains("64x32", grabbed.Detail);
        Assert.Same(grabbed.Detail, source.Grab().Detail);
        Assert.Throws<InvalidOperationException>(() => source.Prepare(new byte[32 * 16 * 3]));
    }

    [Fact]
    public void Grab_PictureCutShortInBetween_IsDamagedAndGoesOn()
    {
        var folder = _maker.Sequence("pictures", 4);
        var second = Path.Combine(folder, "000001.jpg");
        File.WriteAllBytes(second, File.ReadAllBytes(second)[..200]);
        File.WriteAllText(Path.Combine(folder, "000002.jpg"), "no picture");
        using var source = Make($"images:{folder}/*.jpg");

        var all = Enumerable.Range(0, 5).Select(_ => source.Grab()).ToArray();

        Assert.Equal([GrabStatus.Frame, GrabStatus.Damaged, GrabStatus.Damaged, GrabStatus.Frame, GrabStatus.Ended], all.Select(g => g.Status));
        Assert.Contains("cut short", all[1].Detail);
        Assert.Contains("no JPEG", all[2].Detail);
    }

    [Fact]
    public async Task Grab_FileAtItsOwnRate_WaitsForEachFramesMoment()
    {
        var time = new TestTimeProvider();
        using var source = Make("file:" + _maker.Video("drive.avi", 3, rate: 10), time);
        var first = source.Grab();

        var second = Task.Run(source.Grab);
        await Task.Delay(100);
        Assert.False(second.IsCompleted);
        var grabbed = await MoveUntil(time, second, TimeSpan.FromMilliseconds(20));

        Assert.Equal(TimeSpan.FromMilliseconds(100), grabbed.CaptureTime - first.CaptureTime);
    }

    [Fact]
    public void Grab_PasswordInTheAddress_IsNeverSaid()
    {
        using var source = Make("rtsp://anna:s3cret@127.0.0.1:1/live");

        var grabbed = source.Grab();

        Assert.Equal(GrabStatus.Lost, grabbed.Status);
        Assert.DoesNotContain("s3cret", grabbed.Detail);
        Assert.Contains("***@127.0.0.1", grabbed.Detail);
    }

    [Fact]
    public async Task Grab_WaitingForTheNextAttempt_CanBeInterrupted()
    {
        var time = new TestTimeProvider();
        using var source = Make("file:" + Path.Combine(_maker.Folder, "none.mp4"), time);
        Assert.Equal(GrabStatus.Lost, source.Grab().Status);
        var waiting = Task.Run(source.Grab);

        source.Interrupt();

        Assert.Equal(GrabStatus.Ended, (await waiting.WaitAsync(TimeSpan.FromSeconds(5))).Status);
    }

    [Fact]
    public void Grab_CameraThatGoesAway_IsLostAndComesBack()
    {
        using var server = new MotionJpegServer(64, 32);
        using var source = Make(server.Url);
        Assert.Equal(GrabStatus.Frame, Until(source, GrabStatus.Frame).Status);

        server.HangUp();
        var lost = Until(source, GrabStatus.Lost);
        Assert.Contains("went away", lost.Detail);

        Assert.Equal(GrabStatus.Frame, Until(source, GrabStatus.Frame).Status);
        Assert.True(server.Connections >= 2);
    }

    [Fact]
    public void Grab_CameraThatFallsSilent_IsLostAfterTheReadTimeout()
    {
        using var server = new MotionJpegServer(64, 32);
        using var source = Make(server.Url);
        Until(source, GrabStatus.Frame);

        server.Silent = true;
        var started = Stopwatch.GetTimestamp();
        Until(source, GrabStatus.Lost);

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Grab_NativeCallThatHangs_IsLeftBehindAndNamed()
    {
        // opening a pipe that nobody writes to never returns, and no time-out of OpenCV's covers it
        var pipe = Path.Combine(_maker.Folder, "pipe.avi");
        Process.Start("mkfifo", pipe).WaitForExit();
        var time = new TestTimeProvider();
        using var source = Make("file:" + pipe, time);
        var hanging = Task.Run(source.Grab);

        var grabbed = await MoveUntil(time, hanging, TimeSpan.FromSeconds(1));

        Assert.Equal(GrabStatus.Lost, grabbed.Status);
        Assert.Contains("hangs", grabbed.Detail);
        Assert.Equal(1, source.CallsLeftHanging);
        new FileStream(pipe, FileMode.Open, FileAccess.Write).Dispose(); // lets the thread that was left behind end
    }

    private static async Task<GrabResult> MoveUntil(TestTimeProvider time, Task<GrabResult> done, TimeSpan step)
    {
        for (var i = 0; i < 1000 && !done.IsCompleted; i++)
        {
            await Task.Delay(5);
            time.Advance(step);
        }

        return await done.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private static GrabResult Until(OpenCvFrameSource source, GrabStatus wanted)
    {
        var started = Stopwatch.GetTimestamp();
        GrabResult grabbed;
        do
        {
            grabbed = source.Grab();
        }
        while (grabbed.Status != wanted && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));

        Assert.Equal(wanted, grabbed.Status);
        return grabbed;
    }

    private static OpenCvFrameSource Make(string text, TimeProvider? time = null)
    {
        var camera = TestRig.Camera("front") with { WidthPx = 64, HeightPx = 32, Intrinsics = new Intrinsics(45, 45, 31.5, 15.5) };
        return new OpenCvFrameSource(camera, CameraSource.Parse(text, out _)!, 32, 16, new RigClock(time ?? TimeProvider.System), Quick);
    }
}
