namespace Forecast.Adapters.Mqtt;

/// <summary>The fields of an in/ego message that were there.</summary>
internal struct EgoValues
{
    internal long? CaptureTimeNs;
    internal double? Speed;
    internal double? YawRate;
    internal double? Acceleration;
}

/// <summary>The fields of an in/plan message that were there; used again for the next.</summary>
internal sealed class PlanValues
{
    internal const int MostSteps = 64;

    private readonly float[] _accelerations = new float[MostSteps];
    private readonly float[] _curvatures = new float[MostSteps];
    private int _accelerationCount;
    private int _curvatureCount;

    internal long? CaptureTimeNs { get; set; }

    internal ReadOnlySpan<float> Accelerations => _accelerations.AsSpan(0, _accelerationCount);

    internal ReadOnlySpan<float> Curvatures => _curvatures.AsSpan(0, _curvatureCount);

    internal void Clear()
    {
        CaptureTimeNs = null;
        _accelerationCount = 0;
        _curvatureCount = 0;
    }

    internal void ClearAccelerations() => _accelerationCount = 0;

    internal void ClearCurvatures() => _curvatureCount = 0;

    /// <summary>False when there are too many.</summary>
    internal bool AddAcceleration(double value) => Add(_accelerations, ref _accelerationCount, value);

    /// <summary>False when there are too many.</summary>
    internal bool AddCurvature(double value) => Add(_curvatures, ref _curvatureCount, value);

    private static bool Add(float[] values, ref int count, double value)
    {
        if (count == MostSteps)
        {
            return false;
        }

        values[count++] = (float)value;
        return true;
    }
}

/// <summary>What no vehicle does: a sample beyond it is a fault of the sender's. Not a number fails every comparison, so it is refused too.</summary>
internal static class VehicleLimits
{
    private const double SpeedMps = 120;
    private const double YawRateRadps = 5;
    private const double AccelerationMps2 = 30;
    private const double Curvature1pm = 1;

    internal static string? Check(in EgoValues values) =>
        values.CaptureTimeNs is not { } time ? "capture_time_ns is missing"
        : values.Speed is not { } speed ? "speed_mps is missing"
        : values.YawRate is not { } yawRate ? "yaw_rate_radps is missing"
        : values.Acceleration is not { } acceleration ? "acceleration_mps2 is missing"
        : time <= 0 ? "capture_time_ns is not positive"
        : !(Math.Abs(speed) <= SpeedMps) ? "speed_mps is beyond 120 m/s"
        : !(Math.Abs(yawRate) <= YawRateRadps) ? "yaw_rate_radps is beyond 5 rad/s"
        : !(Math.Abs(acceleration) <= AccelerationMps2) ? "acceleration_mps2 is beyond 30 m/s2"
        : null;

    internal static string? Check(PlanValues plan)
    {
        if (plan.CaptureTimeNs is not { } time)
        {
            return "capture_time_ns is missing";
        }

        if (time <= 0)
        {
            return "capture_time_ns is not positive";
        }

        if (plan.Accelerations.IsEmpty || plan.Accelerations.Length != plan.Curvatures.Length)
        {
            return "accelerations_mps2 and curvatures_1pm must be of the same length, above 0";
        }

        foreach (var acceleration in plan.Accelerations)
        {
            if (!(Math.Abs(acceleration) <= AccelerationMps2))
            {
                return "accelerations_mps2 is beyond 30 m/s2";
            }
        }

        foreach (var curvature in plan.Curvatures)
        {
            if (!(Math.Abs(curvature) <= Curvature1pm))
            {
                return "curvatures_1pm is beyond 1/m";
            }
        }

        return null;
    }
}
