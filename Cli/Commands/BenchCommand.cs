using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <param name="Duration">Of each measured case.</param>
/// <param name="Soak">Instead of the cases, the pipeline alone for so long; null: the cases.</param>
/// <param name="Faults">In the soak, and whether its goals hold is the exit code.</param>
/// <param name="Peers">Instead of the cases, issue 4's table beside peers.</param>
/// <param name="Row">Of that table; null: all.</param>
/// <param name="Mcap">Instead of the cases, reading and writing MCAP beside @mcap/core.</param>
internal sealed record BenchOptions(TimeSpan Duration, TimeSpan? Soak, bool Faults, bool Peers, string? Row, bool Mcap = false);

/// <summary>`forecast bench`: the pipeline against bare loops that do the same work, in one run.</summary>
internal static class BenchCommand
{
    private const int CaseSeconds = 60;
    private const int PeerSeconds = 10;

    public static Command Create(CommandHost host, CommandBody<BenchOptions> body)
    {
        var seconds = new Option<int>("--seconds") { HelpName = "N", Description = "how long each case is measured, default 60; 1 to 3600", DefaultValueFactory = _ => 0 };
        var soak = new Option<int?>("--soak") { HelpName = "MINUTES", Description = "instead, run the pipeline alone for so long and see whether anything grows; 1 to 600" };
        var faults = new Option<bool>("--faults") { Description = "with --soak: something goes wrong every 15 s, and the command ends with 0 only if memory, descriptors and pauses stay within their goals" };
        var peers = new Option<bool>("--peers") { Description = "instead, the table beside GStreamer, paho, npm's mqtt and onnxruntime-node, which eng/peers.sh installs; --seconds is of each of ten measurements a row, default 10" };
        var row = new Option<string?>("--row") { HelpName = "NAME", Description = "one row of that table alone" };
        var mcap = new Option<bool>("--mcap") { Description = "instead, write and read MCAP files beside npm's @mcap/core" };
        var command = new Command("bench", "measure the pipeline against bare loops that do the same work, or beside peers") { seconds, soak, faults, peers, row, mcap };
        var common = CommonOptions.AddTo(command, "model.dir", "manoeuvres", "summary");
        command.SetBody(
            host,
            common,
            (parsed, _) =>
            {
                var beside = parsed.GetValue(peers);
                var length = parsed.GetResult(seconds) is { Implicit: false } ? parsed.GetValue(seconds) : beside ? PeerSeconds : CaseSeconds;
                return (length, parsed.GetValue(soak), parsed.GetValue(row)) switch
                {
                    ( < 1 or > 3600, _, _) => throw new UsageException("--seconds: allowed are 1 to 3600"),
                    (_, < 1 or > 600, _) => throw new UsageException("--soak: allowed are 1 to 600 minutes"),
                    (_, not null, _) when parsed.GetValue(mcap) => throw new UsageException("--mcap and --soak exclude each other"),
                    _ when beside && parsed.GetValue(mcap) => throw new UsageException("--mcap and --peers exclude each other"),
                    (_, not null, _) when beside => throw new UsageException("--soak and --peers: one of them at a time"),
                    (_, null, _) when parsed.GetValue(faults) => throw new UsageException("--faults: only with --soak"),
                    (_, _, not null) when !beside => throw new UsageException("--row: only with --peers"),
                    var (_, minutes, name) => new BenchOptions(TimeSpan.FromSeconds(length), minutes is { } lasting ? TimeSpan.FromMinutes(lasting) : null, parsed.GetValue(faults), beside, name, parsed.GetValue(mcap)),
                };
            },
            body);
        return command;
    }
}
