using System.CommandLine;
using System.Text;
using Forecast.Cli.Configuration;
using Forecast.Cli.Watch;

namespace Forecast.Cli.Commands;

/// <summary>`forecast watch`: subscribe to a broker and show the risk.</summary>
internal static class WatchCommand
{
    private const string LocalBroker = "mqtt://127.0.0.1:1883";
    private const int LongestFilter = 65535;

    public static Command Create(CommandHost host, CommandBody<WatchOptions> body)
    {
        var topic = new Option<string>("--topic") { HelpName = "FILTER", Description = "the topics to subscribe to", DefaultValueFactory = _ => "forecast/#" };
        var command = new Command("watch", $"show the risk that a broker carries; default {LocalBroker}") { topic };
        var common = CommonOptions.AddTo(command, "broker.url");
        command.SetBody(
            host,
            common,
            (parsed, settings) =>
            {
                var filter = parsed.GetValue(topic)!;
                if (settings.Broker.Address.IsEmbedded && settings.OriginOf("broker.url").Kind != OriginKind.Default)
                {
                    throw new UsageException("watch needs the address of a broker that runs: --broker mqtt://HOST[:PORT]; `forecast demo` says where its own one is");
                }

                return IsFilter(filter) ? new WatchOptions(filter) : throw new UsageException($"--topic {filter}: # may only be the last level, and + a whole one");
            },
            (settings, options, console, cancellation) => body(WithBroker(settings), options, console, cancellation));
        return command;
    }

    private static Settings WithBroker(Settings settings) => settings.Broker.Address.IsEmbedded && BrokerAddress.TryParse(LocalBroker, out var local, out _)
        ? settings with { Broker = settings.Broker with { Address = local } }
        : settings;

    /// <summary>MQTT's rule for a filter.</summary>
    private static bool IsFilter(string filter)
    {
        var levels = filter.Split('/');
        for (var i = 0; i < levels.Length; i++)
        {
            if ((levels[i].Contains('#') && (levels[i].Length > 1 || i < levels.Length - 1)) || (levels[i].Contains('+') && levels[i].Length > 1))
            {
                return false;
            }
        }

        return filter.Length > 0 && Encoding.UTF8.GetByteCount(filter) <= LongestFilter && !filter.Contains('\0');
    }
}
