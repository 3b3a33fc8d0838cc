namespace Forecast.Pipeline.Frames;

/// <summary>The vehicle's cameras and its outline. Frame: ISO 8855, origin on the ground below the centre of the rear axle.</summary>
public sealed record Rig(
    string Name,
    bool CalibrationAssumed,
    string EstimatedHow,
    VehicleOutline Vehicle,
    TimeSpan SkewTolerance,
    IReadOnlyList<CameraCalibration> Cameras);

/// <summary>The ego rectangle: from <c>-RearOverhang</c> to <c>Length - RearOverhang</c> along x, half of <c>Width</c> to each side; metres.</summary>
public sealed record VehicleOutline(double LengthM, double WidthM, double RearOverhangM);

/// <summary>One camera: its picture, its lens, where it sits, and how its frames are stamped.</summary>
public sealed record CameraCalibration(
    string Name,
    int WidthPx,
    int HeightPx,
    double RateHz,
    Intrinsics Intrinsics,
    Distortion Distortion,
    RigidTransform VehicleFromCamera,
    StampQuality Stamp);

/// <summary>Pinhole intrinsics in pixels of the source picture; pixel centres at whole numbers.</summary>
public sealed record Intrinsics(double Fx, double Fy, double Cx, double Cy);

/// <summary>Lens distortion in OpenCV's order of coefficients: Brown (k1 k2 p1 p2 k3) or fisheye (k1 to k4).</summary>
public sealed record Distortion(DistortionModel Model, IReadOnlyList<double> Coefficients)
{
    public static Distortion None { get; } = new(DistortionModel.None, []);
}

public enum DistortionModel
{
    None,
    Brown,
    Fisheye,
}

/// <summary>A pose: rotation as a unit quaternion (w, x, y, z), then translation in metres.</summary>
public sealed record RigidTransform(double Qw, double Qx, double Qy, double Qz, double Tx, double Ty, double Tz);

/// <summary>How a camera's frames get their capture time, and how well: latency is subtracted from the stamp.</summary>
public sealed record StampQuality(StampOrigin Origin, TimeSpan? MeasuredLatency, TimeSpan Uncertainty)
{
    /// <summary>A stamp taken on arrival says nothing of when light fell on the sensor unless the latency was measured.</summary>
    public bool Verified => Origin != StampOrigin.Arrival || MeasuredLatency is not null;
}

public enum StampOrigin
{
    Driver,
    Rtp,
    Arrival,
}
