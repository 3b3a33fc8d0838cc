using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <summary>`run` has no options of its own: everything is a setting.</summary>
internal sealed record RunOptions;

/// <summary>`forecast run`: the configured cameras, until it is told to end.</summary>
internal static class RunCommand
{
    public static Command Create(CommandHost host, CommandBody<RunOptions> body)
    {
        var command = new Command("run", "forecast from the configured cameras until told to end (Ctrl-C)");
        var common = CommonOptions.AddTo(command, "vehicle", "model.dir", "model.calibration", "broker.url", "rig", "manoeuvres", "metrics.port", "summary");
        command.SetBody(
            host,
            common,
            (_, settings) =>
            {
                if (settings.Cameras.Count == 0)
                {
                    throw new UsageException("run needs cameras: name them in the configuration (--config FILE); data-samples/config/three-cameras.yaml is an example");
                }

                return settings.RigFile is not null
                    ? new RunOptions()
                    : throw new UsageException("run needs the cameras' calibration: rig: FILE in the configuration, or --rig FILE");
            },
            body);
        return command;
    }
}
