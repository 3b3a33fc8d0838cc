using System.CommandLine;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Commands;

/// <summary>`--record DIR` of the commands that run live.</summary>
internal static class RecordOption
{
    public static Option<string?> Create() => new("--record") { HelpName = "DIR", Description = "record everything the run is told and says, in MCAP, in a folder of its own in DIR" };

    /// <summary>Null: nothing is to be recorded.</summary>
    public static RecordingOptions? Read(string? folder, CommandHost host) =>
        folder is null ? null : new RecordingOptions { Folder = Path.GetFullPath(folder, host.CurrentFolder) };
}
