using System.Globalization;
using System.Text;

namespace Forecast.Adapters.Mqtt;

/// <summary>How to reach a broker. Holds where a password lies, never the password itself.</summary>
public sealed record MqttConnectionOptions
{
    /// <summary>mqtt://host[:1883] or mqtts://host[:8883]; required.</summary>
    public required string Broker { get; init; }

    /// <summary>Unique at the broker: a second client of the same id evicts the first. 1 to 128 characters of UTF-8; required.</summary>
    public required string ClientId { get; init; }

    public string? User { get; init; }

    /// <summary>A file whose first line is the password; read at every connect, so that a new one is taken up.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The environment variable that holds the password.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>PEM file of the authorities to trust with mqtts; null: those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file of the client's certificate; together with <see cref="KeyFile"/>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the client's key, without a passphrase.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whole seconds, 5 s to 65535 s, default 5 s: the library takes no less. A hung broker is noticed within two of these.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the first packet to the broker's answer, default 2 s, 0.1 s to 60 s.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Between two tries to connect, default 0.1 s; up to as much again is added by chance, so that clients do not come all at once.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    internal string Host { get; private set; } = "";

    internal int Port { get; private set; }

    internal bool Tls { get; private set; }

    /// <summary>Everything wrong with the options at once.</summary>
    /// <exception cref="ArgumentException">One line that says what, where and what to do.</exception>
    public MqttConnectionOptions Checked()
    {
        var problems = new List<string>();
        var copy = this with { };
        copy.ReadBroker(problems);
        if (ClientId.Length is 0 or > 128)
        {
            problems.Add("the client id must have 1 to 128 characters");
        }

        if (KeepAlive < TimeSpan.FromSeconds(5) || KeepAlive > TimeSpan.FromSeconds(65535))
        {
            problems.Add("keep-alive must be 5 s to 65535 s");
        }

        if (ConnectLimit < TimeSpan.FromSeconds(0.1) || ConnectLimit > TimeSpan.FromSeconds(60))
        {
            problems.Add("the connect limit must be 0.1 s to 60 s");
        }

        CheckSecrets(problems);
        CheckFiles(problems, copy.Tls);
        return problems.Count == 0
            ? copy
            : throw new ArgumentException("MQTT: " + string.Join("; ", problems));
    }

    /// <summary>Null where none is configured.</summary>
    /// <exception cref="IOException">The password file cannot be read.</exception>
    internal string? ReadPassword()
    {
        if (PasswordVariable is not null)
        {
            return Environment.GetEnvironmentVariable(PasswordVariable);
        }

        if (PasswordFile is null)
        {
            return null;
        }

        using var reader = new StreamReader(PasswordFile);
        return reader.ReadLine() ?? "";
    }

    private void ReadBroker(List<string> problems)
    {
        if (!Uri.TryCreate(Broker, UriKind.Absolute, out var url) || url.Host.Length == 0 || url.Scheme is not ("mqtt" or "mqtts"))
        {
            problems.Add($"the broker '{WithoutUserInfo(Broker)}' is no mqtt://host:port or mqtts://host:port");
            return;
        }

        if (url.UserInfo.Length > 0)
        {
            problems.Add($"the broker '{WithoutUserInfo(Broker)}' carries a user or password: give the user and a password file instead");
        }

        if (url.PathAndQuery.Trim('/').Length > 0)
        {
            problems.Add($"the broker '{WithoutUserInfo(Broker)}' has a path, which MQTT does not know");
        }

        Tls = url.Scheme == "mqtts";
        Host = url.IdnHost.Trim('[', ']');
        Port = url.Port > 0 ? url.Port : Tls ? 8883 : 1883;
    }

    private void CheckSecrets(List<string> problems)
    {
        if (PasswordFile is not null && PasswordVariable is not null)
        {
            problems.Add("give the password file or the password variable, not both");
        }

        if ((PasswordFile ?? PasswordVariable) is not null && User is null)
        {
            problems.Add("a password needs a user");
        }

        if (PasswordVariable is not null && Environment.GetEnvironmentVariable(PasswordVariable) is null)
        {
            problems.Add($"the environment variable {PasswordVariable} for the broker's password is not set");
        }
    }

    private void CheckFiles(List<string> problems, bool tls)
    {
        if (CertificateFile is null != KeyFile is null)
        {
            problems.Add("a client certificate and its key go together: give both or neither");
        }

        if (!tls && (CaFile ?? CertificateFile ?? KeyFile) is not null)
        {
            problems.Add("certificates need an mqtts:// broker");
        }

        foreach (var (what, file) in new[] { ("authorities", CaFile), ("certificate", CertificateFile), ("key", KeyFile), ("password", PasswordFile) })
        {
            if (file is not null && !File.Exists(file))
            {
                problems.Add($"the {what} file '{file}' is not there");
            }
        }
    }

    private static string WithoutUserInfo(string broker)
    {
        var at = broker.LastIndexOf('@');
        var scheme = broker.IndexOf("://", StringComparison.Ordinal);
        return at < 0 ? broker : string.Concat(scheme < 0 ? "" : broker.AsSpan(0, scheme + 3), "***", broker.AsSpan(at));
    }

    private bool PrintMembers(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"Broker = {WithoutUserInfo(Broker)}, ClientId = {ClientId}, User = {User ?? "none"}");
        return true;
    }
}

/// <summary>What the broker says for us when we vanish.</summary>
/// <param name="Topic">Published retained where the topic is.</param>
public sealed record MqttWill(MqttTopic Topic, ReadOnlyMemory<byte> Payload);
