using System.Diagnostics;

namespace Forecast.Adapters.Mqtt;

/// <summary>Where mosquitto lies, and how it is started so that it ends with us.</summary>
internal static class BrokerProgram
{
    /// <summary>util-linux's program that sets what a child may do and when it ends; null where it is missing: then a killed parent leaves its broker behind.</summary>
    internal static string? SetPriv { get; } = InFolders("setpriv");

    internal static string Find(string? wanted)
    {
        if (wanted is null)
        {
            return InFolders("mosquitto") ?? throw new EmbeddedBrokerException(
                "mosquitto is not installed: apt-get install mosquitto, or name a broker that runs elsewhere (mqtt://host:port)");
        }

        return File.Exists(wanted) ? wanted : throw new EmbeddedBrokerException($"the broker's program '{wanted}' is not there");
    }

    internal static ProcessStartInfo CommandLine(string program, BrokerFolder folder)
    {
        var start = new ProcessStartInfo(SetPriv ?? program)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = folder.Folder,
        };
        if (SetPriv is not null)
        {
            AddPrivileges(start, folder);
            start.ArgumentList.Add(program);
        }

        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(folder.Configuration);
        return start;
    }

    private static void AddPrivileges(ProcessStartInfo start, BrokerFolder folder)
    {
        start.ArgumentList.Add("--pdeathsig");
        start.ArgumentList.Add("TERM");
        start.ArgumentList.Add("--no-new-privs");
        if (folder.Servant is { } servant)
        {
            // setpriv asks for the signal after it has changed the user, which would otherwise clear it
            start.ArgumentList.Add($"--reuid={servant.User}");
            start.ArgumentList.Add($"--regid={servant.Group}");
            start.ArgumentList.Add("--clear-groups");
        }
    }

    private static string? InFolders(string program)
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        foreach (var folder in $"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin".Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var file = Path.Combine(folder, program);
            if (File.Exists(file))
            {
                return file;
            }
        }

        return null;
    }
}
