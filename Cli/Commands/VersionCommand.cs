using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Forecast.Cli.Commands;

/// <summary>`forecast version`: which build this is, and what it runs on.</summary>
internal static class VersionCommand
{
    public static string Text => typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static Command Create(CommandHost host)
    {
        var json = new Option<bool>("--json") { Description = "as JSON" };
        var command = new Command("version", "say which build this is") { json };
        command.SetAction(parsed =>
        {
            var console = host.Console.With(parsed.GetValue(json), quiet: false);
            if (console.Json)
            {
                console.JsonResult(JsonSerializer.Serialize(new Dictionary<string, string>
                {
                    ["version"] = Text,
                    ["dotnet"] = Environment.Version.ToString(),
                    ["platform"] = RuntimeInformation.RuntimeIdentifier,
                }));
            }
            else
            {
                console.Line($"forecast {Text} (.NET {Environment.Version}, {RuntimeInformation.RuntimeIdentifier})");
            }

            return ExitCode.Fine;
        });
        return command;
    }
}
