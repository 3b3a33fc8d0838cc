using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <summary>--inject of the live commands. No setting: neither a configuration nor the environment can make a vehicle's run go wrong.</summary>
internal static class FaultOption
{
    public static Option<string[]> Create() => new("--inject")
    {
        Description = "make something go wrong on purpose, for example camera.front=frozen@5s..8s; may be repeated; docs/faults.md has all",
        HelpName = "FAULT",
        DefaultValueFactory = _ => [],
    };
}
