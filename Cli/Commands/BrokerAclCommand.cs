using System.CommandLine;
using Forecast.Adapters.Mqtt;

namespace Forecast.Cli.Commands;

/// <summary>`forecast broker-acl`: the access list of a broker that several share, out of the same table that the topics come from.</summary>
internal static class BrokerAclCommand
{
    public static Command Create(CommandHost host)
    {
        var vehicles = new Argument<string[]>("VEHICLE") { Arity = ArgumentArity.OneOrMore, Description = "the vehicles' names, which their certificates bear" };
        var command = new Command(
            "broker-acl",
            $"print mosquitto's acl_file: VEHICLE writes its motion and requests, VEHICLE{BrokerAccess.ProcessorSuffix} its forecasts, all others only read; see data-samples/broker") { vehicles };
        command.SetAction(parsed =>
        {
            foreach (var line in AccessFor(parsed.GetValue(vehicles)!))
            {
                host.Console.Output.WriteLine(line);
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static IReadOnlyList<string> AccessFor(string[] vehicles)
    {
        try
        {
            return BrokerAccess.Lines(vehicles);
        }
        catch (ArgumentException fault)
        {
            throw new UsageException(fault.Message);
        }
    }
}
