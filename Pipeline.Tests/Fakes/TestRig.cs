using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>Rigs of cameras that look around evenly, 256x128 pictures, 10 Hz, stamped by their drivers.</summary>
internal static class TestRig
{
    public static Rig Of(int cameras, double rateHz = 10, double skewToleranceMs = 40) => new(
        "test",
        CalibrationAssumed: false,
        "made for a test",
        new VehicleOutline(4.6, 1.85, 0.95),
        TimeSpan.FromMilliseconds(skewToleranceMs),
        [.. Enumerable.Range(0, cameras).Select(i => Camera($"camera{i}", rateHz, 2 * Math.PI * i / cameras))]);

    public static CameraCalibration Camera(string name, double rateHz = 10, double yaw = 0)
    {
        // vehicleFromCamera for a camera that looks along yaw: first the axes (z forward, x right, y down), then the turn.
        var (s, c) = Math.SinCos(yaw / 2);
        var w = 0.5 * (c + s);
        var x = 0.5 * (-c - s);
        var y = 0.5 * (c - s);
        var z = 0.5 * (-c + s);
        return new CameraCalibration(
            name,
            256,
            128,
            rateHz,
            new Intrinsics(182, 182, 128, 64),
            Distortion.None,
            new RigidTransform(w, x, y, z, 1.5, 0, 1.5),
            new StampQuality(StampOrigin.Driver, null, TimeSpan.FromMilliseconds(2)));
    }
}
