using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>An outside broker: Debian's mosquitto on a free port of loopback, with persistence, that a test can kill and start again.</summary>
internal sealed class Mosquitto : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-mosquitto-").FullName;
    private Process? _process;

    public Mosquitto()
    {
        Port = FreePort();
        // without the user it would give up root's rights and could not write here; without the limit it would drop for a slow subscriber
        File.WriteAllText(Configuration, string.Create(CultureInfo.InvariantCulture, $"""
            listener {Port} 127.0.0.1
            allow_anonymous true
            user {Environment.UserName}
            persistence true
            persistence_location {_folder}/
            autosave_interval 1
            max_queued_messages 0
            set_tcp_nodelay true

            """));
        Start();
    }

    public int Port { get; }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"mqtt://127.0.0.1:{Port}");

    private string Configuration => Path.Combine(_folder, "mosquitto.conf");

    /// <summary>A port where nobody listens.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Returns when it answers.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo(Needs.Program(Needs.Broker)!, ["-c", Configuration]) { RedirectStandardError = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        var began = Stopwatch.GetTimestamp();
        while (!Answers())
        {
            Assert.False(_process.HasExited, "mosquitto did not start");
            Assert.True(Stopwatch.GetElapsedTime(began) < StartLimit, "mosquitto does not answer");
            Thread.Sleep(10);
        }
    }

    public void Signal(int signal) => Assert.Equal(0, LibC.Kill(_process!.Id, signal));

    /// <summary>Whether a client's session would outlive a kill.</summary>
    public bool Saved(string clientId)
    {
        var file = Path.Combine(_folder, "mosquitto.db");
        return File.Exists(file) && File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(clientId)) >= 0;
    }

    /// <summary>As a power cut would: SIGKILL.</summary>
    public void Kill()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private bool Answers()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
