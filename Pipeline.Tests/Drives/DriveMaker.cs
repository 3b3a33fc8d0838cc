using System.Globalization;
using System.Text;
using Forecast.Pipeline.Tests.OpenCv;

namespace Forecast.Pipeline.Tests.Drives;

/// <summary>Writes a whole small drive folder: one camera, five frames, a log at 50 Hz, a plan.</summary>
internal static class DriveMaker
{
    public const int Frames = 5;

    public static string Write(PictureMaker maker, int width = 64)
    {
        var folder = maker.Folder;
        maker.Video("front.avi", Frames, width);
        File.WriteAllText(Path.Combine(folder, "rig.json"), RigFileTests.Json.Replace("brown", "none"));
        File.WriteAllText(Path.Combine(folder, "drive.json"), """
            { "schema": "forecast.drive/1", "name": "tiny", "kind": "near_miss", "rig": "rig.json", "tick_period_s": 0.1, "duration_s": 0.5,
              "domain": "forecast-sim/1", "cameras": [ { "name": "front", "video": "front.avi", "frames": 5 } ],
              "frames": "frames.csv", "ego": "ego.csv", "plan": "plan.csv", "labels": "labels.json",
              "source": { "generator": "a test" }, "licence": "Apache-2.0",
              "expected": { "risk_event": true, "closest_moment_s": 7.4 } }
            """);
        var frames = new StringBuilder("camera,frame,capture_time_ns,arrival_time_ns\n");
        for (var i = 0; i < Frames; i++)
        {
            frames.Append(CultureInfo.InvariantCulture, $"front,{i},{1_000_000_000 + (i * 100_000_000L)},{1_010_000_000 + (i * 100_000_000L)}\n");
        }

        File.WriteAllText(Path.Combine(folder, "frames.csv"), frames.ToString());
        File.WriteAllText(Path.Combine(folder, "ego.csv"), """
            capture_time_ns,arrival_time_ns,speed_mps,yaw_rate_radps,acceleration_mps2
            1000000000,1002000000,8.5,-0.01,0.5
            1020000000,1022000000,8.51,-0.01,0.5

            """);
        File.WriteAllText(Path.Combine(folder, "plan.csv"), """
            capture_time_ns,arrival_time_ns,a0,a1,k0,k1
            1000000000,1003000000,-1,0,0.01,0.02

            """);
        return folder;
    }
}
