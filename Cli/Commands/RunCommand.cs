using System.CommandLine;
using Forecast.Replay.Faults;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Commands;

/// <summary>What `run` is told beside its settings: only what no configuration may say.</summary>
internal sealed record RunOptions
{
    /// <summary>What is made to go wrong; nothing by default.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Null: nothing is recorded.</summary>
    public RecordingOptions? Record { get; init; }
}

/// <summary>`forecast run`: the configured cameras, until it is told to end.</summary>
internal static class RunCommand
{
    public static Command Create(CommandHost host, CommandBody<RunOptions> body)
    {
        var inject = FaultOption.Create();
        var record = RecordOption.Create();
        var command = new Command("run", "forecast from the configured cameras until told to end (Ctrl-C)") { inject, record };
        var common = CommonOptions.AddTo(command, "vehicle", "model.dir", "model.calibration", "broker.url", "rig", "manoeuvres", "metrics.port", "dashboard.port", "summary");
        command.SetBody(
            host,
            common,
            (parsed, settings) =>
            {
                if (settings.Cameras.Count == 0)
                {
                    throw new UsageException("run needs cameras: name them in the configuration (--config FILE); data-samples/config/three-cameras.yaml is an example");
                }

                return settings.RigFile is not null
                    ? new RunOptions { Faults = FaultSpec.ParseAll(parsed.GetValue(inject)!), Record = RecordOption.Read(parsed.GetValue(record), host) }
                    : throw new UsageException("run needs the cameras' calibration: rig: FILE in the configuration, or --rig FILE");
            },
            body);
        return command;
    }
}
