using Forecast.Cli.Terminal;

namespace Forecast.Cli.Commands;

/// <summary>What the process gives to every command; tests give their own.</summary>
/// <param name="InstallationRoot">The folder that holds models/ and data-samples/.</param>
internal sealed record CommandHost(
    IReadOnlyDictionary<string, string> Environment,
    string CurrentFolder,
    string InstallationRoot,
    ConsoleOutput Console)
{
    public static CommandHost FromProcess()
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return new CommandHost(environment, System.Environment.CurrentDirectory, FindRoot(AppContext.BaseDirectory), ConsoleOutput.FromProcess());
    }

    /// <summary>The first folder from <paramref name="start"/> upwards that holds models/ or data-samples/; else <paramref name="start"/> itself.</summary>
    public static string FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "models")) || Directory.Exists(Path.Combine(folder.FullName, "data-samples")))
            {
                return folder.FullName;
            }
        }

        return Path.GetFullPath(start);
    }
}
