using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>A sample drive twice in a row, for runs that must last: videos joined without encoding them again, tables continued.</summary>
internal static class LongDrive
{
    public static string Write(string sample, string into)
    {
        Directory.CreateDirectory(into);
        var drive = JsonNode.Parse(File.ReadAllText(Path.Combine(sample, "drive.json")))!;
        var periods = drive["cameras"]![0]!["frames"]!.GetValue<int>();
        foreach (var camera in drive["cameras"]!.AsArray())
        {
            Join(Path.Combine(sample, camera!["video"]!.GetValue<string>()), into);
            camera["frames"] = periods * 2;
        }

        drive["duration_s"] = drive["duration_s"]!.GetValue<double>() * 2;
        File.WriteAllText(Path.Combine(into, "drive.json"), drive.ToJsonString());
        File.Copy(Path.Combine(sample, "rig.json"), Path.Combine(into, "rig.json"));
        var later = (long)(periods * drive["tick_period_s"]!.GetValue<double>() * 1e9);
        Continue(sample, into, "frames.csv", cells => [cells[0], Moved(cells[1], periods), Moved(cells[2], later), Moved(cells[3], later)]);
        Continue(sample, into, "ego.csv", cells => [Moved(cells[0], later), Moved(cells[1], later), .. cells[2..]]);
        return into;
    }

    private static void Join(string video, string into)
    {
        var list = Path.Combine(into, "twice.txt");
        File.WriteAllText(list, $"file '{video}'\nfile '{video}'\n");
        var joined = Path.Combine(into, Path.GetFileName(video));
        using var ffmpeg = Process.Start(Needs.Program("ffmpeg")!, ["-loglevel", "error", "-f", "concat", "-safe", "0", "-i", list, "-c", "copy", joined]);
        ffmpeg.WaitForExit();
        Assert.Equal(0, ffmpeg.ExitCode);
        File.Delete(list);
    }

    private static void Continue(string sample, string into, string table, Func<string[], string[]> moved)
    {
        var lines = File.ReadAllLines(Path.Combine(sample, table));
        var text = new StringBuilder();
        text.AppendJoin('\n', lines).Append('\n');
        text.AppendJoin('\n', lines[1..].Select(line => string.Join(',', moved(line.Split(','))))).Append('\n');
        File.WriteAllText(Path.Combine(into, table), text.ToString());
    }

    private static string Moved(string number, long by) => (long.Parse(number, CultureInfo.InvariantCulture) + by).ToString(CultureInfo.InvariantCulture);
}
