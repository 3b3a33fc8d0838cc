using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Forecast.Cli.Configuration;

/// <summary>Where the broker is. Embedded: the command starts its own on loopback; host and port are then empty.</summary>
internal sealed record BrokerAddress(bool IsEmbedded, string Host, int Port, bool Tls)
{
    private const int PlainPort = 1883;
    private const int TlsPort = 8883;

    public static BrokerAddress Embedded { get; } = new(true, "", 0, false);

    /// <summary>Nothing leaves this machine: the embedded broker, "localhost", or an address of loopback. Other names are not looked up.</summary>
    public bool IsLoopback => IsEmbedded
        || Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Reads "embedded", mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; on false, <paramref name="fault"/> names the fault without repeating the text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out BrokerAddress? address, out string fault)
    {
        address = null;
        fault = "not a broker's address";
        if (text == "embedded")
        {
            address = Embedded;
            return true;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("mqtt" or "mqtts") || uri.Host.Length == 0)
        {
            return false;
        }

        if (uri.UserInfo.Length > 0)
        {
            fault = "a user or password in the address would show in logs: use broker.user and broker.password_file";
            return false;
        }

        if (uri.PathAndQuery.Trim('/').Length > 0 || uri.Fragment.Length > 0 || uri.Port == 0)
        {
            fault = "nothing may follow the host and its port (1 to 65535)";
            return false;
        }

        var tls = uri.Scheme == "mqtts";
        var port = uri.Port > 0 ? uri.Port : tls ? TlsPort : PlainPort;
        address = new BrokerAddress(false, uri.IdnHost.Trim('[', ']'), port, tls);
        return true;
    }

    public override string ToString() => IsEmbedded ? "embedded" : $"{(Tls ? "mqtts" : "mqtt")}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}";
}
