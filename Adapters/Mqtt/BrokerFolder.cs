using System.Text;

namespace Forecast.Adapters.Mqtt;

/// <summary>The embedded broker's private folder: its configuration, and what it keeps of persistent sessions. Deleted at the end.</summary>
internal sealed class BrokerFolder : IDisposable
{
    /// <summary>Ten times our largest message.</summary>
    private const int LargestPacket = 4 << 20;

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

    /// <summary>This run's password of <see cref="ViewerAccount.User"/>, for our user alone.</summary>
    internal string ViewerPassword => Path.Combine(Folder, "websocket.password");

    internal string Configuration => Path.Combine(Folder, "mosquitto.conf");

    /// <summary>The user without rights that the broker runs as when we are root; null: as ourselves.</summary>
    internal (uint User, uint Group)? Servant { get; }

    internal bool Saved(string clientId)
    {
        var file = Path.Combine(Folder, "mosquitto.db");
        return File.Exists(file) && File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(clientId)) >= 0;
    }

    /// <summary>Makes this run's password: for us as it is, for the broker hashed, with what its user may do.</summary>
    internal void WriteViewer()
    {
        var password = ViewerAccount.NewPassword();
        WriteSecret(ViewerPassword, [password]);
        WriteSecret(ViewerUsers, [ViewerAccount.PasswordLine(password)]);
        WriteSecret(ViewerAccess, ViewerAccount.Access);
        if (Servant is { } servant)
        {
            GiveTo(servant, ViewerUsers);
            GiveTo(servant, ViewerAccess);
        }
    }

    internal void WriteConfiguration(int port, int webSocketPort, IReadOnlyList<string> extra)
    {
        // socket_domain: without it the WebSocket library ignores the address and listens on every network the machine is in.
        // autosave: with the default a killed broker loses what it had acknowledged and not yet delivered to a sleeping session.
        string[] lines =
        [
            "per_listener_settings true",
            $"max_packet_size {LargestPacket}",
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
            "allow_anonymous true",
            $"listener {webSocketPort} 127.0.0.1",
            "socket_domain ipv4",
            "protocol websockets",
            "allow_anonymous false",
            $"password_file {ViewerUsers}",
            $"acl_file {ViewerAccess}",
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

    private string ViewerUsers => Path.Combine(Folder, "websocket.users");

    private string ViewerAccess => Path.Combine(Folder, "websocket.acl");

    private static void WriteSecret(string path, IReadOnlyList<string> lines)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new StreamWriter(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options);
        foreach (var line in lines)
        {
            file.WriteLine(line);
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
