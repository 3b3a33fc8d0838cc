using Forecast.Adapters.Drives;
using Forecast.Pipeline.Capture;

namespace Forecast.Pipeline.Tests.Drives;

/// <summary>Real recordings beside the checkout.</summary>
public sealed class RealDriveTests
{
    private static readonly string Rigs = Path.Combine(RealData.Repository, "data-samples", "rigs");

    [RealDataFact("commavq/drive_40s.mp4")]
    public void Open_CommaVq_ReadsEveryFrameWithItsRig()
    {
        var drive = DriveLibrary.Open(RealData.Find("commavq/drive_40s.mp4")!, assumedRigs: Rigs);

        Assert.Equal(("commavq", true, 802), (drive.Rig.Name, drive.CalibrationAssumed, drive.Cameras[0].Frames.Count));
        Assert.Equal((802, 0), Read(drive, 0));
    }

    [RealDataFact("udacity_p1/test_videos/solidWhiteRight.mp4")]
    public void Open_Udacity_ReadsEveryFrameWithItsRig()
    {
        var drive = DriveLibrary.Open(RealData.Find("udacity_p1/test_videos/solidWhiteRight.mp4")!, assumedRigs: Rigs);

        Assert.Equal(("udacity-p1", true, 221), (drive.Rig.Name, drive.CalibrationAssumed, drive.Cameras[0].Frames.Count));
        Assert.Equal((221, 0), Read(drive, 0));
    }

    [RealDataFact("dgp_multicam")]
    public void Open_DgpScene_HasTrueTimesAndSixCameras()
    {
        var drive = DriveLibrary.Open(RealData.Find("dgp_multicam")!);

        Assert.Equal(["CAMERA_01", "CAMERA_05", "CAMERA_06", "CAMERA_07", "CAMERA_08", "CAMERA_09"], drive.Rig.Cameras.Select(c => c.Name));
        Assert.Equal(2019, DateTimeOffset.FromUnixTimeMilliseconds(drive.Start.Nanoseconds / 1_000_000).Year);
        Assert.Equal(0.2, drive.Duration.TotalSeconds, 4); // not the 2 s that the scene's dates say
        Assert.Contains(drive.Assumptions, text => text.Contains("100 ns", StringComparison.Ordinal));
        Assert.All(drive.Rig.Cameras, c => Assert.Equal(10, c.RateHz, 0.01));
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal((3, 0), Read(drive, i));
        }
    }

    [RealDataFact("dgp_multicam")]
    public void Open_DgpScene_HasTheSpeedOfAMovingCar()
    {
        var ego = DriveLibrary.Open(RealData.Find("dgp_multicam")!).Ego;

        Assert.Equal(2, ego.Count);
        Assert.All(ego, sample => Assert.InRange(sample.Speed, 12, 13.5)); // 1.26 m in 0.1 s; a tenth of it by the scene's dates
        Assert.All(ego, sample => Assert.InRange(sample.YawRate, -0.1f, 0.1f));
    }

    private static (int Frames, int Others) Read(RecordedDrive drive, int camera)
    {
        using var source = drive.OpenCamera(camera, 128, 64);
        var picture = new byte[128 * 64 * 3];
        var fingerprints = new HashSet<ulong>();
        var (frames, others) = (0, 0);
        for (var grabbed = source.Grab(); grabbed.Status != GrabStatus.Ended; grabbed = source.Grab())
        {
            if (grabbed.Status != GrabStatus.Frame)
            {
                others++;
                continue;
            }

            frames++;
            var content = source.Prepare(picture);
            Assert.InRange(content.SpreadLevel, 20, 100);
            fingerprints.Add(content.Fingerprint);
        }

        Assert.True(fingerprints.Count >= frames - 5, "the pictures repeat");
        return (frames, others);
    }
}
