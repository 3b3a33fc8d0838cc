using System.Text;

namespace Forecast.Adapters.Mqtt;

/// <summary>The embedded broker's private folder: its configuration, and what it keeps of persistent sessions. Deleted at the end.</summary>
internal sealed class BrokerFolder : IDisposable
{
    private const UnixFileMode OthersMayPass = UnixFileMode.OtherExecute;

    internal BrokerFolder()
    {
        Folder = Directory.CreateTempSubdirectory("forecast-broker-").FullName;
        Servant = FindServant();
        if (Servant is { } servant)
        {
            GiveTo(servant, Folder);
        }
    }

    internal string Folder { get; }

    internal string Configuration => Path.Combine(Folder, "mosquitto.conf");

    /// <summary>The user without rights that the broker runs as when we are root; null: as ourselves.</summary>
    internal (uint User, uint Group)? Servant { get; }

    internal bool Saved(string clientId)
    {
        var file = Path.Combine(Folder, "mosquitto.db");
        return File.Exists(file) && File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(clientId)) >= 0;
    }

    internal void WriteConfiguration(int port, int webSocketPort, IReadOnlyList<string> extra)
    {
        // socket_domain: without it the WebSocket library ignores the address and listens on every network the machine is in.
        // autosave: with the default a killed broker loses what it had acknowledged and not yet delivered to a sleeping session.
        string[] lines =
        [
            "per_listener_settings false",
            "allow_anonymous true",
            "set_tcp_nodelay true",
            "persistence true",
            $"persistence_location {Folder}/",
            "autosave_interval 2",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "connection_messages false",
            $"listener {port} 127.0.0.1",
            $"listener {webSocketPort} 127.0.0.1",
            "socket_domain ipv4",
            "protocol websockets",
            .. extra,
        ];
        File.WriteAllLines(Configuration, Servant is null && LibC.EffectiveUser() == 0 ? ["user root", .. lines] : lines);
        if (Servant is { } servant)
        {
            GiveTo(servant, Configuration);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // a temporary folder that somebody still looks into: the system cleans it up
        }
    }

    private (uint User, uint Group)? FindServant()
    {
        if (LibC.EffectiveUser() != 0 || BrokerProgram.SetPriv is null || !File.Exists("/etc/passwd"))
        {
            return null;
        }

        for (var parent = Directory.GetParent(Folder); parent is not null; parent = parent.Parent)
        {
            if ((parent.UnixFileMode & OthersMayPass) == 0)
            {
                return null;
            }
        }

        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length > 3 && fields[0] == "mosquitto" && uint.TryParse(fields[2], out var user) && uint.TryParse(fields[3], out var group))
            {
                return (user, group);
            }
        }

        return null;
    }

    private static void GiveTo((uint User, uint Group) servant, string path)
    {
        if (LibC.ChangeOwner(path, servant.User, servant.Group) != 0)
        {
            throw new EmbeddedBrokerException($"the broker's folder '{path}' cannot be given to the user mosquitto");
        }
    }
}
