using Forecast.Adapters.Drives;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Capture;
using Forecast.Pipeline.Tests.OpenCv;

namespace Forecast.Pipeline.Tests.Drives;

/// <summary>A recorded video as a source.</summary>
public sealed class RecordedVideoContractTests : FrameSourceContract
{
    private protected override IFrameSource Open(int frames) => DriveLibrary.Open(Maker.Video("front.avi", frames)).OpenCamera(0, 32, 16);
}

public sealed class DriveLibraryTests : IDisposable
{
    private readonly PictureMaker _maker = new();

    public void Dispose() => _maker.Dispose();

    [Fact]
    public void Open_DriveFolder_ReadsEverything()
    {
        var drive = DriveLibrary.Open(DriveMaker.Write(_maker));

        Assert.Equal(("tiny", "near_miss", "forecast-sim/1", DriveFormat.DriveFolder), (drive.Name, drive.Kind, drive.Domain, drive.Format));
        Assert.Equal(new DriveExpectation(true, TimeSpan.FromSeconds(7.4)), drive.Expected);
        Assert.Equal(TimeSpan.FromMilliseconds(400), drive.Duration);
        Assert.Equal(new FrameMoment(new Timestamp(1_100_000_000), new Timestamp(1_110_000_000)), drive.Cameras[0].Frames[1]);
        Assert.Equal(new EgoSample(new Timestamp(1_020_000_000), new Timestamp(1_022_000_000), 8.51f, -0.01f, 0.5f), drive.Ego[1]);
        var plan = Assert.Single(drive.Plans);
        Assert.Equal([-1f, 0f], plan.Accelerations);
        Assert.Equal([0.01f, 0.02f], plan.Curvatures);
        Assert.Empty(drive.Assumptions);
        Assert.False(drive.CalibrationAssumed);
    }

    [Fact]
    public void OpenCamera_DriveFolder_GivesTheTablesTimes()
    {
        using var source = DriveLibrary.Open(DriveMaker.Write(_maker)).OpenCamera(0, 32, 16);

        for (var i = 0; i < DriveMaker.Frames; i++)
        {
            var grabbed = source.Grab();
            Assert.Equal((GrabStatus.Frame, 1_000_000_000L + (i * 100_000_000L)), (grabbed.Status, grabbed.CaptureTime.Nanoseconds));
            Assert.InRange(source.Prepare(new byte[32 * 16 * 3]).MeanLevel, PictureMaker.Level(i) - 4, PictureMaker.Level(i) + 4);
        }

        Assert.Equal(GrabStatus.Ended, source.Grab().Status);
    }

    [Fact]
    public void Open_LogWithoutArrivalTimes_GetsTheStatedDelay()
    {
        var folder = DriveMaker.Write(_maker);
        Edit("ego.csv", "capture_time_ns,arrival_time_ns", "capture_time_ns,other");

        var drive = DriveLibrary.Open(folder);

        Assert.Equal(TimeSpan.FromMilliseconds(20), drive.Ego[0].ArrivalTime - drive.Ego[0].CaptureTime);
        Assert.Contains("20 ms", drive.Assumptions.Single());
    }

    [Theory]
    [InlineData("drive.json", "\"front.avi\"", "\"other.avi\"", "other.avi: there is no such video")]
    [InlineData("drive.json", "\"name\": \"front\"", "\"name\": \"rear\"", "camera rear is not in the rig")]
    [InlineData("drive.json", "\"frames\": 5", "\"frames\": 6", "they must agree")]
    [InlineData("drive.json", "forecast.drive/1", "forecast.drive/2", "schema: 'forecast.drive/2' is not allowed")]
    [InlineData("drive.json", "\"tick_period_s\"", "\"tick_period\"", "did you mean tick_period_s?")]
    [InlineData("rig.json", "\"width_px\": 64", "\"width_px\": 80", "64x32, and the rig's camera front is 80x32")]
    [InlineData("frames.csv", "front,3,", "front,4,", "frames.csv:5: frame 4 of front where 3 should come")]
    [InlineData("frames.csv", "arrival_time_ns", "arrived", "column arrival_time_ns is missing")]
    [InlineData("frames.csv", "1010000000", "999", "frames.csv:2: a frame cannot arrive before it was taken")]
    [InlineData("frames.csv", "1010000000", "soon", "frames.csv:2: arrival_time_ns: 'soon' is no whole number")]
    [InlineData("ego.csv", "8.51", "fast", "ego.csv:3: speed_mps: 'fast' is no number")]
    [InlineData("ego.csv", "8.51,", "", "ego.csv:3: 4 values under 5 columns")]
    public void Open_DriveFolderWithSomethingWrong_SaysWhatAndWhere(string file, string good, string bad, string expected)
    {
        var folder = DriveMaker.Write(_maker);
        Edit(file, good, bad);

        var refused = Assert.Throws<UnusableInputException>(() => DriveLibrary.Open(folder));

        Assert.Contains(refused.Problems, problem => problem.Contains(expected, StringComparison.Ordinal));
        Assert.All(refused.Problems, problem => Assert.DoesNotContain('\n', problem));
    }

    [Fact]
    public void Open_BareVideo_GetsAGuessedRigThatSaysSo()
    {
        var drive = DriveLibrary.Open(_maker.Video("film.avi", 4));

        Assert.Equal(("film", DriveFormat.Video, "real", true), (drive.Name, drive.Format, drive.Domain, drive.CalibrationAssumed));
        Assert.Contains(drive.Assumptions, text => text.Contains("guess", StringComparison.Ordinal));
        Assert.Equal([0, 100, 200, 300], drive.Cameras[0].Frames.Select(f => (f.CaptureTime - drive.Start).TotalMilliseconds));
    }

    [Fact]
    public void Open_BareVideoWithRig_TakesIt()
    {
        var rig = Write("rig.json", RigFileTests.Json);

        Assert.False(DriveLibrary.Open(_maker.Video("film.avi", 4), rig).CalibrationAssumed);
    }

    [Fact]
    public void Open_BareVideoAndAnAssumedRigOfItsSize_TakesThat()
    {
        Write("mine.yaml", RigFileTests.Json.Replace("\"measured\"", "\"assumed\""));

        Assert.Equal("one", DriveLibrary.Open(_maker.Video("film.avi", 4), assumedRigs: _maker.Folder).Rig.Name);
        Assert.Equal("unknown-forward", DriveLibrary.Open(_maker.Video("wide.avi", 4, width: 80), assumedRigs: _maker.Folder).Rig.Name);
    }

    [Fact]
    public void Open_RigOfAnotherSize_SaysBoth()
    {
        var rig = Write("rig.json", RigFileTests.Json);

        var problem = Problem(() => DriveLibrary.Open(_maker.Video("film.avi", 4, width: 80), rig));

        Assert.Contains("64x32", problem);
        Assert.Contains("80x32", problem);
    }

    [Fact]
    public void Open_NothingThere_SaysWhatToGive() => Assert.Contains("there is nothing there", Problem(() => DriveLibrary.Open("/nowhere/drive")));

    [Fact]
    public void Open_RigNotThere_SaysSo() => Assert.Contains("no such rig", Problem(() => DriveLibrary.Open(_maker.Video("film.avi", 4), "/nowhere/rig.yaml")));

    [Fact]
    public void Open_EmptyFolder_SaysWhatToGive() => Assert.Contains("neither drive.json", Problem(() => DriveLibrary.Open(_maker.Folder)));

    [Fact]
    public void Open_FolderOfDrives_NamesThem()
    {
        Directory.CreateDirectory(Path.Combine(_maker.Folder, "a"));
        Write("a/drive.json", "{}");

        Assert.Contains("name one of", Problem(() => DriveLibrary.Open(_maker.Folder)));
    }

    [Fact]
    public void Open_GarbageVideo_SaysSo() => Assert.Contains("no video", Problem(() => DriveLibrary.Open(Write("film.mp4", "these are words, and no film"))));

    [Fact]
    public void Open_EmptyVideo_SaysSo() => Assert.Contains("empty", Problem(() => DriveLibrary.Open(Write("film.mp4", ""))));

    [RealDataFact("commavq/drive_40s.mp4")]
    public void Open_Mp4CutShort_SaysSo()
    {
        var whole = File.ReadAllBytes(RealData.Find("commavq/drive_40s.mp4")!);
        var path = Path.Combine(_maker.Folder, "cut.mp4");
        foreach (var part in (double[])[0.3, 0.9, 0.999])
        {
            File.WriteAllBytes(path, whole[..(int)(whole.Length * part)]);

            Assert.Contains("cut short", Problem(() => DriveLibrary.Open(path)));
        }
    }

    [Fact]
    public void Grab_VideoThatEndsBeforeItsTable_SaysSoOnceAndEnds()
    {
        var folder = DriveMaker.Write(_maker);
        var drive = DriveLibrary.Open(folder);
        _maker.Video("front.avi", 3); // somebody wrote over it
        using var source = drive.OpenCamera(0, 32, 16);

        var all = Enumerable.Range(0, 6).Select(_ => source.Grab()).ToArray();

        Assert.Equal([GrabStatus.Frame, GrabStatus.Frame, GrabStatus.Frame, GrabStatus.Lost, GrabStatus.Ended, GrabStatus.Ended], all.Select(g => g.Status));
        Assert.Contains("ends after 3 of 5 frames", all[3].Detail);
    }

    private static string Problem(Action open) => Assert.Throws<UnusableInputException>(open).Problems.Single();

    private string Write(string name, string text)
    {
        var path = Path.Combine(_maker.Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private void Edit(string file, string good, string bad)
    {
        var path = Path.Combine(_maker.Folder, file);
        var text = File.ReadAllText(path);
        Assert.Contains(good, text);
        File.WriteAllText(path, text.Replace(good, bad));
    }
}
