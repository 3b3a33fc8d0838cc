using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>The cameras as they were configured. Retained; may allocate.</summary>
internal static class RigMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var rig = constants.RigInUse;
        EnvelopeMessage.WriteRetained(ref writer, constants, stamp);
        writer.Text(2, "name"u8, MessageConstants.Utf8(rig.Name));
        writer.Enum(3, "calibration"u8, rig.CalibrationAssumed ? 2 : 1, rig.CalibrationAssumed ? "CALIBRATION_ASSUMED"u8 : "CALIBRATION_MEASURED"u8);
        writer.Text(4, "estimated_how"u8, MessageConstants.Utf8(rig.EstimatedHow));
        writer.Double(5, "vehicle_length_m"u8, rig.Vehicle.LengthM);
        writer.Double(6, "vehicle_width_m"u8, rig.Vehicle.WidthM);
        writer.Double(7, "vehicle_rear_overhang_m"u8, rig.Vehicle.RearOverhangM);
        writer.Double(8, "skew_tolerance_s"u8, rig.SkewTolerance.TotalSeconds);
        writer.OpenList("cameras"u8);
        foreach (var camera in rig.Cameras)
        {
            var item = writer.OpenItem(9);
            WriteCamera(ref writer, camera);
            writer.CloseItem(item);
        }

        writer.CloseList();
    }

    private static void WriteCamera<TWriter>(ref TWriter writer, CameraCalibration camera)
        where TWriter : struct, IMessageWriter
    {
        var pose = camera.VehicleFromCamera;
        writer.Text(1, "name"u8, MessageConstants.Utf8(camera.Name));
        writer.UInt32(2, "width_px"u8, (uint)camera.WidthPx);
        writer.UInt32(3, "height_px"u8, (uint)camera.HeightPx);
        writer.Double(4, "rate_hz"u8, camera.RateHz);
        writer.Double(5, "fx_px"u8, camera.Intrinsics.Fx);
        writer.Double(6, "fy_px"u8, camera.Intrinsics.Fy);
        writer.Double(7, "cx_px"u8, camera.Intrinsics.Cx);
        writer.Double(8, "cy_px"u8, camera.Intrinsics.Cy);
        writer.Enum(9, "distortion"u8, (int)camera.Distortion.Model + 1, Codes.Of(camera.Distortion.Model));
        writer.Doubles(10, "distortion_coefficients"u8, [.. camera.Distortion.Coefficients]);
        writer.Doubles(11, "translation_m"u8, [pose.Tx, pose.Ty, pose.Tz]);
        writer.Doubles(12, "rotation_wxyz"u8, [pose.Qw, pose.Qx, pose.Qy, pose.Qz]);
        writer.Enum(13, "stamp"u8, (int)camera.Stamp.Origin + 1, Codes.Of(camera.Stamp.Origin));
        writer.DoubleOr(14, "stamp_latency_s"u8, camera.Stamp.MeasuredLatency?.TotalSeconds ?? double.NaN, "not_measured"u8);
        writer.Double(16, "stamp_uncertainty_s"u8, camera.Stamp.Uncertainty.TotalSeconds);
    }
}
