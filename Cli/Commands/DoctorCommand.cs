using System.CommandLine;
using Forecast.Cli.Doctor;

namespace Forecast.Cli.Commands;

/// <summary>`forecast doctor`: what is here and what is missing, each with its remedy.</summary>
internal static class DoctorCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command("doctor", "say what is here and what is missing, each with its remedy");
        var common = CommonOptions.AddTo(command, "model.dir", "broker.url", "rig", "metrics.port");
        command.SetBody<object?>(
            host,
            common,
            (_, _) => null,
            (settings, _, console, _) =>
            {
                var report = DoctorReport.Examine(PartChecks.For(settings, host).Concat(MachineChecks.For(settings)), settings.Values);
                if (console.Json)
                {
                    console.JsonResult(report.ToJson());
                }
                else
                {
                    report.Print(console);
                }

                return Task.FromResult(report.DemoCanRun ? ExitCode.Fine : ExitCode.Failed);
            });
        return command;
    }
}
