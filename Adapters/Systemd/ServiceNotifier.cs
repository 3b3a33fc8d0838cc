using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Forecast.Adapters.Systemd;

/// <summary>
/// Tells systemd how the service does (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. Without one every call does nothing. A service manager
/// that does not listen is not this process's trouble: what cannot be sent is left out.
/// </summary>
public sealed class ServiceNotifier : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _manager;

    /// <param name="socketPath">A path, or '@' and an abstract name; null: nobody listens.</param>
    /// <param name="watchdog">How often the manager wants to hear at least; null: it does not watch.</param>
    public ServiceNotifier(string? socketPath, TimeSpan? watchdog)
    {
        if (string.IsNullOrEmpty(socketPath))
        {
            return;
        }

        _manager = new UnixDomainSocketEndPoint(socketPath[0] == '@' ? $"\0{socketPath[1..]}" : socketPath);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        Watchdog = watchdog;
    }

    /// <summary>As the environment says: NOTIFY_SOCKET and WATCHDOG_USEC.</summary>
    public static ServiceNotifier FromEnvironment()
    {
        var watchdog = long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : default(TimeSpan?);
        return new ServiceNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), watchdog);
    }

    /// <summary>Null where the manager does not watch.</summary>
    public TimeSpan? Watchdog { get; }

    public void Ready() => Send("READY=1");

    public void Stopping() => Send("STOPPING=1");

    /// <summary>Only when something was done since the last one.</summary>
    public void Progress() => Send("WATCHDOG=1");

    public void Dispose() => _socket?.Dispose();

    private void Send(string message)
    {
        try
        {
            _socket?.SendTo(Encoding.ASCII.GetBytes(message), _manager!);
        }
        catch (SocketException)
        {
            // said in the class's summary
        }
    }
}
