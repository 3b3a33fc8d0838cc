using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <param name="Duration">Of each measured case.</param>
internal sealed record BenchOptions(TimeSpan Duration);

/// <summary>`forecast bench`: the pipeline against bare loops that do the same work, in one run.</summary>
internal static class BenchCommand
{
    public static Command Create(CommandHost host, CommandBody<BenchOptions> body)
    {
        var seconds = new Option<int>("--seconds") { HelpName = "N", Description = "how long each case is measured; 1 to 3600", DefaultValueFactory = _ => 60 };
        var command = new Command("bench", "measure the pipeline against bare loops that do the same work") { seconds };
        var common = CommonOptions.AddTo(command, "model.dir", "manoeuvres", "summary");
        command.SetBody(
            host,
            common,
            (parsed, _) => parsed.GetValue(seconds) is var length and >= 1 and <= 3600
                ? new BenchOptions(TimeSpan.FromSeconds(length))
                : throw new UsageException("--seconds: allowed are 1 to 3600"),
            body);
        return command;
    }
}
