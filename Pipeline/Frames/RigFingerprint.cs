using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Forecast.Pipeline.Frames;

/// <summary>
/// Tells rigs apart by what a forecast depends on: the cameras in their order, how they see, sit and are stamped, and the vehicle's outline. The
/// rig's name and the words about it do not count.
/// </summary>
public static class RigFingerprint
{
    /// <summary>64 hexadecimal digits.</summary>
    public static string Of(Rig rig)
    {
        var text = new StringBuilder("forecast.rig/1\n");
        text.Append(Vehicle(rig)).Append('\n');
        foreach (var camera in rig.Cameras)
        {
            text.Append(Camera(camera)).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>The first thing that two rigs differ in, for people; null where they are the same.</summary>
    public static string? Difference(Rig one, Rig other)
    {
        if (one.Cameras.Count != other.Cameras.Count)
        {
            return $"the number of cameras, {one.Cameras.Count} and {other.Cameras.Count}";
        }

        for (var i = 0; i < one.Cameras.Count; i++)
        {
            if (Camera(one.Cameras[i]) != Camera(other.Cameras[i]))
            {
                return $"camera {one.Cameras[i].Name}";
            }
        }

        return Vehicle(one) == Vehicle(other) ? null : "the vehicle's outline";
    }

    private static string Vehicle(Rig rig) => string.Create(
        CultureInfo.InvariantCulture, $"{rig.Vehicle.LengthM:R} {rig.Vehicle.WidthM:R} {rig.Vehicle.RearOverhangM:R} {(rig.CalibrationAssumed ? "assumed" : "measured")}");

    private static string Camera(CameraCalibration camera)
    {
        var (k, t, stamp) = (camera.Intrinsics, camera.VehicleFromCamera, camera.Stamp);
        var bent = string.Join(' ', camera.Distortion.Coefficients.Select(coefficient => coefficient.ToString("R", CultureInfo.InvariantCulture)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{camera.Name} {camera.WidthPx}x{camera.HeightPx} {camera.RateHz:R} {k.Fx:R} {k.Fy:R} {k.Cx:R} {k.Cy:R} {camera.Distortion.Model} {bent} ")
            + string.Create(CultureInfo.InvariantCulture, $"{t.Qw:R} {t.Qx:R} {t.Qy:R} {t.Qz:R} {t.Tx:R} {t.Ty:R} {t.Tz:R} {stamp.Origin} {stamp.MeasuredLatency?.Ticks}");
    }
}
