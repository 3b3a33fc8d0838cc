using System.CommandLine;
using System.Globalization;

namespace Forecast.Cli.Commands;

internal enum ReplayMode
{
    /// <summary>The drive's clock moves on when the frame set is done; nothing is dropped.</summary>
    LockStep,

    /// <summary>Lock-step, bit for bit: CPU, one thread, full rung, frozen costs.</summary>
    Exact,

    /// <summary>Real arrival times and deadlines.</summary>
    AsLive,

    /// <summary>A recording's own decisions again, held against what it said.</summary>
    AsRecorded,
}

/// <param name="Drives">Absolute: folders of drives or of pictures, or video files; at least one.</param>
/// <param name="Speed">Of real time; null: as fast as it goes.</param>
/// <param name="OutFile">Absolute; where the run is written; null: nowhere.</param>
internal sealed record ReplayOptions(IReadOnlyList<string> Drives, ReplayMode Mode, double? Speed, string? OutFile)
{
    /// <summary>The dashboard stays after the last drive, until Ctrl-C.</summary>
    public bool Stay { get; init; }
}

/// <summary>`forecast replay`: recorded drives through the same pipeline.</summary>
internal static class ReplayCommand
{
    private const double LeastSpeed = 0.01;
    private const double MostSpeed = 1000;

    public static Command Create(CommandHost host, CommandBody<ReplayOptions> body)
    {
        var drives = new Argument<string[]>("DRIVE") { Arity = ArgumentArity.OneOrMore, Description = "a drive's folder, a recording (.mcap, or their folder), a video file, or the name of a sample" };
        var exact = new Option<bool>("--exact") { Description = "bit for bit the same every time: CPU, one thread, all manoeuvres" };
        var asLive = new Option<bool>("--as-live") { Description = "real arrival times and deadlines, as from cameras" };
        var asRecorded = new Option<bool>("--as-recorded") { Description = "a recording's own decisions again: they must give what the recorded run said" };
        var speed = new Option<string?>("--speed") { HelpName = "max|N", Description = "times real time; default max, or 1 with --as-live" };
        var outFile = new Option<string?>("--out") { HelpName = "RUN", Description = "write the forecasts to a run file" };
        var stay = StayOption.Create();
        var command = new Command("replay", "run recorded drives through the pipeline") { drives, exact, asLive, asRecorded, speed, outFile, stay };
        var common = CommonOptions.AddTo(command, "vehicle", "model.dir", "model.calibration", "broker.url", "rig", "manoeuvres", "metrics.port", "dashboard.port", "summary");
        command.SetBody(
            host,
            common,
            (parsed, _) =>
            {
                if (parsed.GetValue(drives)!.Length > 1 && parsed.GetValue(outFile) is not null)
                {
                    throw new UsageException("--out: one run file holds one drive; replay the drives one by one");
                }

                var mode = Mode(parsed.GetValue(exact), parsed.GetValue(asLive), parsed.GetValue(asRecorded));
                return new ReplayOptions(
                    [.. parsed.GetValue(drives)!.Select(drive => ResolveDrive(drive, host))],
                    mode,
                    Speed(parsed.GetValue(speed), mode),
                    OutFile(parsed.GetValue(outFile), mode, host)) { Stay = parsed.GetValue(stay) };
            },
            body);
        return command;
    }

    private static ReplayMode Mode(bool exact, bool asLive, bool asRecorded) => (exact, asLive) switch
    {
        (false, false) when asRecorded => ReplayMode.AsRecorded,
        _ when asRecorded => throw new UsageException("--as-recorded decides as the recorded run did: leave --exact and --as-live out"),
        (true, true) => throw new UsageException("--exact and --as-live exclude each other: a live run is never the same twice"),
        (true, false) => ReplayMode.Exact,
        (false, true) => ReplayMode.AsLive,
        _ => ReplayMode.LockStep,
    };

    private static double? Speed(string? text, ReplayMode mode)
    {
        if (text is null or "max")
        {
            return mode != ReplayMode.AsLive ? null : text is null ? 1 : throw new UsageException("--speed max: --as-live plays in real time; leave --speed out");
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var speed) || speed is not (>= LeastSpeed and <= MostSpeed))
        {
            throw new UsageException($"--speed {text}: allowed are max, or {LeastSpeed.ToString(CultureInfo.InvariantCulture)} to {MostSpeed:0} times real time");
        }

        return mode != ReplayMode.AsLive || speed == 1 ? speed : throw new UsageException($"--speed {text}: --as-live plays in real time; leave --speed out");
    }

    /// <summary>The path of a drive that is given by its path or by the name of a sample.</summary>
    /// <exception cref="UsageException">There is nothing there.</exception>
    internal static string ResolveDrive(string drive, CommandHost host)
    {
        var path = Path.GetFullPath(drive, host.CurrentFolder);
        return File.Exists(path) || Directory.Exists(path)
            ? path
            : SampleDrives.Find(drive, host) ?? throw new UsageException($"{drive}: there is no file or folder {path}, and no sample of this name");
    }

    private static string? OutFile(string? text, ReplayMode mode, CommandHost host)
    {
        if (text is null)
        {
            return null;
        }

        if (mode == ReplayMode.AsLive)
        {
            throw new UsageException($"--out {text}: a run played as live is not kept, since it is never the same twice; leave --as-live or --out out");
        }

        var path = Path.GetFullPath(text, host.CurrentFolder);
        return Directory.Exists(Path.GetDirectoryName(path))
            ? path
            : throw new UsageException($"--out {text}: there is no folder {Path.GetDirectoryName(path)}; make it with mkdir -p");
    }
}
