using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Frames;

public sealed class RigFingerprintTests
{
    private static readonly Rig Rig = TestRig.Of(2);

    [Fact]
    public void Of_TheSameUnderAnotherName_IsTheSame()
    {
        var renamed = TestRig.Of(2) with { Name = "other", EstimatedHow = "otherwise", SkewTolerance = TimeSpan.FromMilliseconds(1) };
        Assert.Equal(RigFingerprint.Of(Rig), RigFingerprint.Of(renamed));
        Assert.Null(RigFingerprint.Difference(Rig, renamed));
        Assert.Matches("^[0-9a-f]{64}$", RigFingerprint.Of(Rig));
    }

    [Fact]
    public void Of_AnythingThatCounts_IsAnother()
    {
        Func<CameraCalibration, CameraCalibration>[] changes =
        [
            camera => camera with { Name = "front" },
            camera => camera with { WidthPx = 255 },
            camera => camera with { RateHz = 20 },
            camera => camera with { Intrinsics = camera.Intrinsics with { Fx = Math.BitIncrement(camera.Intrinsics.Fx) } },
            camera => camera with { Distortion = new Distortion(DistortionModel.Brown, [0.1, 0, 0, 0, 0]) },
            camera => camera with { VehicleFromCamera = camera.VehicleFromCamera with { Tz = 1.51 } },
            camera => camera with { VehicleFromCamera = camera.VehicleFromCamera with { Qw = 0.51 } },
            camera => camera with { Stamp = camera.Stamp with { Origin = StampOrigin.Arrival } },
            camera => camera with { Stamp = camera.Stamp with { MeasuredLatency = TimeSpan.FromMilliseconds(5) } },
        ];
        var seen = new HashSet<string> { RigFingerprint.Of(Rig) };
        Assert.All(changes, change =>
        {
            var other = Rig with { Cameras = [Rig.Cameras[0], change(Rig.Cameras[1])] };
            Assert.True(seen.Add(RigFingerprint.Of(other)));
            Assert.Equal("camera camera1", RigFingerprint.Difference(Rig, other));
        });
        Assert.True(seen.Add(RigFingerprint.Of(Rig with { Cameras = [Rig.Cameras[1], Rig.Cameras[0]] })));
        Assert.True(seen.Add(RigFingerprint.Of(Rig with { CalibrationAssumed = true })));
        Assert.True(seen.Add(RigFingerprint.Of(Rig with { Vehicle = Rig.Vehicle with { WidthM = 2 } })));
        Assert.Equal("the vehicle's outline", RigFingerprint.Difference(Rig, Rig with { Vehicle = Rig.Vehicle with { WidthM = 2 } }));
        Assert.Equal("the number of cameras, 2 and 3", RigFingerprint.Difference(Rig, TestRig.Of(3)));
    }
}
