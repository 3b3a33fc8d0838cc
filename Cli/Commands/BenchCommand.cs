using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <param name="Duration">Of each measured case.</param>
/// <param name="Soak">Instead of the cases, the pipeline alone for so long; null: the cases.</param>
/// <param name="Mcap">Instead of the cases, reading and writing MCAP beside @mcap/core.</param>
internal sealed record BenchOptions(TimeSpan Duration, TimeSpan? Soak, bool Mcap = false);

/// <summary>`forecast bench`: the pipeline against bare loops that do the same work, in one run.</summary>
internal static class BenchCommand
{
    public static Command Create(CommandHost host, CommandBody<BenchOptions> body)
    {
        var seconds = new Option<int>("--seconds") { HelpName = "N", Description = "how long each case is measured; 1 to 3600", DefaultValueFactory = _ => 60 };
        var soak = new Option<int?>("--soak") { HelpName = "MINUTES", Description = "instead, run the pipeline alone for so long and see whether anything grows; 1 to 600" };
        var mcap = new Option<bool>("--mcap") { Description = "instead, write and read MCAP files beside npm's @mcap/core" };
        var command = new Command("bench", "measure the pipeline against bare loops that do the same work") { seconds, soak, mcap };
        var common = CommonOptions.AddTo(command, "model.dir", "manoeuvres", "summary");
        command.SetBody(
            host,
            common,
            (parsed, _) => (parsed.GetValue(seconds), parsed.GetValue(soak)) switch
            {
                (_, not null) when parsed.GetValue(mcap) => throw new UsageException("--mcap and --soak exclude each other"),
                ( < 1 or > 3600, _) => throw new UsageException("--seconds: allowed are 1 to 3600"),
                (_, < 1 or > 600) => throw new UsageException("--soak: allowed are 1 to 600 minutes"),
                var (length, minutes) => new BenchOptions(TimeSpan.FromSeconds(length), minutes is { } lasting ? TimeSpan.FromMinutes(lasting) : null, parsed.GetValue(mcap)),
            },
            body);
        return command;
    }
}
