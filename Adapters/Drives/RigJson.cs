using System.Text.Json;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>Writes a rig (<c>forecast.rig/1</c>) as JSON; <see cref="RigFile"/> reads every number of it back bit for bit.</summary>
public static class RigJson
{
    public static byte[] Write(Rig rig)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", RigFile.Schema);
            json.WriteString("name", rig.Name);
            json.WriteString("calibration", rig.CalibrationAssumed ? "assumed" : "measured");
            if (rig.EstimatedHow.Length > 0)
            {
                json.WriteString("estimated_how", rig.EstimatedHow);
            }

            json.WriteStartObject("vehicle");
            json.WriteNumber("length_m", rig.Vehicle.LengthM);
            json.WriteNumber("width_m", rig.Vehicle.WidthM);
            json.WriteNumber("rear_overhang_m", rig.Vehicle.RearOverhangM);
            json.WriteEndObject();
            json.WriteNumber("skew_tolerance_s", rig.SkewTolerance.TotalSeconds);
            json.WriteStartArray("cameras");
            foreach (var camera in rig.Cameras)
            {
                Camera(json, camera);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void Camera(Utf8JsonWriter json, CameraCalibration camera)
    {
        json.WriteStartObject();
        json.WriteString("name", camera.Name);
        json.WriteNumber("width_px", camera.WidthPx);
        json.WriteNumber("height_px", camera.HeightPx);
        json.WriteNumber("rate_hz", camera.RateHz);
        json.WriteStartObject("intrinsics");
        json.WriteNumber("fx_px", camera.Intrinsics.Fx);
        json.WriteNumber("fy_px", camera.Intrinsics.Fy);
        json.WriteNumber("cx_px", camera.Intrinsics.Cx);
        json.WriteNumber("cy_px", camera.Intrinsics.Cy);
        json.WriteEndObject();
        if (camera.Distortion.Model != DistortionModel.None)
        {
            json.WriteStartObject("distortion");
            json.WriteString("model", camera.Distortion.Model == DistortionModel.Brown ? "brown" : "fisheye");
            Numbers(json, "coefficients", [.. camera.Distortion.Coefficients]);
            json.WriteEndObject();
        }

        var pose = camera.VehicleFromCamera;
        json.WriteStartObject("extrinsics");
        Numbers(json, "translation_m", pose.Tx, pose.Ty, pose.Tz);
        Numbers(json, "rotation_wxyz", pose.Qw, pose.Qx, pose.Qy, pose.Qz);
        json.WriteEndObject();
        json.WriteStartObject("stamp");
        json.WriteString("how", camera.Stamp.Origin switch { StampOrigin.Driver => "driver", StampOrigin.Rtp => "rtp", _ => "arrival" });
        if (camera.Stamp.MeasuredLatency is { } latency)
        {
            json.WriteNumber("latency_s", latency.TotalSeconds);
        }

        json.WriteNumber("uncertainty_s", camera.Stamp.Uncertainty.TotalSeconds);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, params ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
