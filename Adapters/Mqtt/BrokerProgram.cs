using System.Diagnostics;

namespace Forecast.Adapters.Mqtt;

/// <summary>Where mosquitto lies, and how it is started so that it ends with us.</summary>
internal static class BrokerProgram
{
    /// <summary>util-linux's program that sets what a child may do and when it ends; null where it is missing: then a killed parent leaves its broker behind.</summary>
    internal static string? SetPriv { get; } = InFolders("setpriv");

    /// <summary>util-linux's program that gives a child a session of its own, so that Ctrl-C at a terminal ends us first and the broker after us.</summary>
    private static readonly string? SetSession = InFolders("setsid");

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
        var line = new List<string>();
        if (SetSession is not null)
        {
            line.Add(SetSession);
        }

        if (SetPriv is not null)
        {
            line.Add(SetPriv);
            AddPrivileges(line, folder);
        }

        line.AddRange([program, "-c", folder.Configuration]);
        return new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = folder.Folder,
        };
    }

    private static void AddPrivileges(List<string> line, BrokerFolder folder)
    {
        line.Add("--pdeathsig");
        line.Add("TERM");
        line.Add("--no-new-privs");
        if (folder.Servant is { } servant)
        {
            // setpriv asks for the signal after it has changed the user, which would otherwise clear it
            line.Add($"--reuid={servant.User}");
            line.Add($"--regid={servant.Group}");
            line.Add("--clear-groups");
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
