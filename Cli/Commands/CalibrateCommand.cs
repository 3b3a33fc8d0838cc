using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <param name="Drives">Absolute; at least one.</param>
/// <param name="OutFile">Absolute; where the calibration is written.</param>
/// <param name="Domain">What it shall hold for; null: named after the rig.</param>
internal sealed record CalibrateOptions(IReadOnlyList<string> Drives, string OutFile, string? Domain);

/// <summary>`forecast calibrate`: what a rig's own drives say about the model's numbers on it.</summary>
internal static class CalibrateCommand
{
    public static Command Create(CommandHost host, CommandBody<CalibrateOptions> body)
    {
        var drives = new Argument<string[]>("DRIVE") { Arity = ArgumentArity.OneOrMore, Description = "drives of one rig, as they come: a drive's folder, or the name of a sample" };
        var outFile = new Option<string>("--out") { HelpName = "FILE", Description = "write the calibration here, for run and replay --calibration FILE", Required = true };
        var domain = new Option<string?>("--domain") { HelpName = "NAME", Description = "what it shall hold for; default: the rig's name" };
        var command = new Command("calibrate", "fit risk, its upper bound and surprise to one rig, from its recorded drives") { drives, outFile, domain };
        var common = CommonOptions.AddTo(command, "model.dir", "rig");
        command.SetBody(
            host,
            common,
            (parsed, settings) =>
            {
                if (settings.Model.CalibrationFile is not null)
                {
                    throw new UsageException("model.calibration: a calibration is fitted to the model's own figures; leave the other one out");
                }

                var file = Path.GetFullPath(parsed.GetValue(outFile)!, host.CurrentFolder);
                SummaryFile.CheckWritable(file, "--out");
                var named = parsed.GetValue(domain);
                return named is null || named.Trim().Length > 0
                    ? new CalibrateOptions([.. parsed.GetValue(drives)!.Select(drive => ReplayCommand.ResolveDrive(drive, host))], file, named?.Trim())
                    : throw new UsageException("--domain: give a name, or leave it out");
            },
            body);
        return command;
    }
}
