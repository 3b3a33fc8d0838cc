namespace Forecast.Pipeline.Capture;

/// <summary>From a way that was driven to the controls that would drive it: the rule by which training labels its recordings.</summary>
internal static class DrivenControls
{
    private const double LeastAccelerationMps2 = -9;
    private const double MostAccelerationMps2 = 5;
    private const double MostCurvature1Pm = 0.2;
    private const double LeastLengthM = 0.3;

    /// <param name="firstSpeed">m/s at its start and its end.</param>
    /// <param name="length">Metres along it.</param>
    /// <param name="yaw">Radians turned, left positive.</param>
    /// <returns>m/s2 and 1/m.</returns>
    public static (float Acceleration, float Curvature) Of(double firstSpeed, double lastSpeed, double length, double yaw, double seconds)
    {
        var acceleration = Math.Clamp((lastSpeed - firstSpeed) / seconds, LeastAccelerationMps2, MostAccelerationMps2);
        var curvature = length > LeastLengthM ? Math.Clamp(yaw / length, -MostCurvature1Pm, MostCurvature1Pm) : 0;
        return ((float)acceleration, (float)curvature);
    }
}
