using System.CommandLine;

namespace Forecast.Cli.Commands;

/// <summary>--stay of `demo` and `replay`.</summary>
internal static class StayOption
{
    public static Option<bool> Create() => new("--stay") { Description = "the dashboard stays when the drive is over, until Ctrl-C" };
}
