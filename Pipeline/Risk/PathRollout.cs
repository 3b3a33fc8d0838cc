using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Risk;

/// <summary>
/// Where controls take the rear axle: a kinematic bicycle, acceleration and curvature held a step, the speed never below zero.
/// Integrated in 20 parts a step with the midpoint heading; the same rule as the training labels.
/// </summary>
public static class PathRollout
{
    private const int PartsPerStep = 20;

    /// <param name="controls">[K, 2]: acceleration (m/s2), curvature (1/m).</param>
    /// <param name="horizonsS">[K] s, increasing.</param>
    /// <param name="poses">[K] filled: the pose at each horizon in the ego frame of now.</param>
    /// <returns>Metres along the path, and the root mean square of the total acceleration in m/s2.</returns>
    public static (float LengthM, float RmsMps2) Roll(ReadOnlySpan<float> controls, float speed, IReadOnlyList<double> horizonsS, Span<Pose2> poses)
    {
        double x = 0, y = 0, yaw = 0, v = Math.Max(0, speed), length = 0, squares = 0, time = 0;
        for (var k = 0; k < poses.Length; k++)
        {
            var a = controls[2 * k];
            var curvature = controls[(2 * k) + 1];
            var dt = (horizonsS[k] - time) / PartsPerStep;
            for (var i = 0; i < PartsPerStep; i++)
            {
                var next = Math.Max(0, v + (a * dt));
                var distance = (v + next) / 2 * dt;
                var heading = yaw + (curvature * distance / 2);
                x += Math.Cos(heading) * distance;
                y += Math.Sin(heading) * distance;
                yaw += curvature * distance;
                length += distance;
                var along = (next - v) / dt;
                var across = curvature * v * v;
                squares += ((along * along) + (across * across)) * dt;
                v = next;
            }

            time = horizonsS[k];
            poses[k] = new Pose2((float)x, (float)y, (float)yaw);
        }

        return ((float)length, (float)Math.Sqrt(squares / time));
    }
}
