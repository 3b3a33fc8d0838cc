using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Debian's mosquitto as a child: on loopback only (the WebSocket listener for reading only, behind a password of this run), from a private temporary folder, started again when it dies, ended with us. The thread
/// that starts it lives as long as it does, because the kernel's "end with your parent" means the parent's thread.
/// </summary>
public sealed class EmbeddedBroker : IDisposable
{
    private const int PortTries = 5;
    private const int SpeechLines = 20;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly EmbeddedBrokerOptions _options;
    private readonly BrokerFolder _folder;
    private readonly Thread _supervisor;
    private readonly ManualResetEventSlim _stop = new();
    private readonly ManualResetEventSlim _started = new();
    private readonly Queue<string> _speech = new();
    private readonly Lock _gate = new();
    private Process? _process;
    private EmbeddedBrokerException? _startProblem;
    private int _restarts;
    private bool _disposed;

    private EmbeddedBroker(EmbeddedBrokerOptions options)
    {
        _options = options;
        Port = options.Port;
        WebSocketPort = options.WebSocketPort;
        _folder = new BrokerFolder();
        _supervisor = new Thread(Supervise) { IsBackground = true, Name = "broker" };
    }

    /// <summary>On a thread of the broker's: it died and is being started again; the text says what it last said.</summary>
    public event Action<string>? Restarting;

    public int Port { get; private set; }

    public int WebSocketPort { get; private set; }

    public string Url => $"mqtt://127.0.0.1:{Port}";

    public string WebSocketUrl => $"ws://127.0.0.1:{WebSocketPort}";

    /// <summary>Who may read by WebSocket.</summary>
    public static string WebSocketUser => ViewerAccount.User;

    /// <summary>A file with that user's password, for our user alone.</summary>
    public string WebSocketPasswordFile => _folder.ViewerPassword;

    /// <summary>How often it had to be started again.</summary>
    public int Restarts => Volatile.Read(ref _restarts);

    /// <summary>The process as it is now; 0 while there is none.</summary>
    public int ProcessId
    {
        get
        {
            lock (_gate)
            {
                return _process is { HasExited: false } process ? process.Id : 0;
            }
        }
    }

    /// <summary>Starts a broker and returns when both of its ports answer.</summary>
    /// <exception cref="EmbeddedBrokerException">It is not installed, a port is taken, or it does not come up.</exception>
    public static EmbeddedBroker Start(EmbeddedBrokerOptions options)
    {
        var broker = new EmbeddedBroker(options);
        broker._supervisor.Start();
        broker._started.Wait();
        if (broker._startProblem is null)
        {
            return broker;
        }

        broker.Dispose();
        throw broker._startProblem;
    }

    /// <summary>Its private folder; it stays behind only where we are killed.</summary>
    internal string Folder => _folder.Folder;

    /// <summary>Whether what it would find after being killed names this client.</summary>
    internal bool Saved(string clientId) => _folder.Saved(clientId);

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stop.Set();
        _supervisor.Join();
        _folder.Dispose();
    }

    private void Supervise()
    {
        try
        {
            StartFirst(BrokerProgram.Find(_options.Program));
        }
        catch (Exception problem) when (problem is EmbeddedBrokerException or IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            _startProblem = problem as EmbeddedBrokerException ?? new EmbeddedBrokerException($"the broker cannot start: {problem.Message}");
            End();
        }

        _started.Set();
        while (_startProblem is null && !_stop.IsSet)
        {
            if (_process!.WaitForExit(Glance * 5))
            {
                StartAgain();
            }
        }

        End();
    }

    private void StartFirst(string program)
    {
        _folder.WriteViewer();
        for (var attempt = 1; ; attempt++)
        {
            Port = _options.Port != 0 ? _options.Port : FreePort();
            WebSocketPort = _options.WebSocketPort != 0 ? _options.WebSocketPort : FreePort();
            RefuseTaken(_options.Port);
            RefuseTaken(_options.WebSocketPort);
            _folder.WriteConfiguration(Port, WebSocketPort, _options.ExtraConfiguration);
            Launch(program);
            if (Ready())
            {
                return;
            }

            End();
            var portTaken = Speech().Contains("in use", StringComparison.OrdinalIgnoreCase);
            if (!portTaken || attempt == PortTries || _options.Port != 0)
            {
                throw new EmbeddedBrokerException(
                    $"mosquitto did not listen on 127.0.0.1:{Port} and {WebSocketPort} within {_options.StartLimit.TotalSeconds} s: {Speech()}");
            }
        }
    }

    private void StartAgain()
    {
        Restarting?.Invoke(Speech());
        while (!_stop.Wait(_options.RestartDelay))
        {
            Interlocked.Increment(ref _restarts);
            try
            {
                Launch(BrokerProgram.Find(_options.Program));
                if (Ready())
                {
                    return;
                }
            }
            catch (Exception problem) when (problem is EmbeddedBrokerException or System.ComponentModel.Win32Exception)
            {
                Restarting?.Invoke(problem.Message);
            }

            End();
        }
    }

    private void Launch(string program)
    {
        var start = BrokerProgram.CommandLine(program, _folder);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        lock (_gate)
        {
            _process = process;
        }
    }

    private bool Ready()
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < _options.StartLimit && !_process!.WaitForExit(Glance))
        {
            if (Answers(Port) && Answers(WebSocketPort))
            {
                return !_process.HasExited;
            }

            if (_stop.IsSet)
            {
                return false;
            }
        }

        return false;
    }

    private void End()
    {
        Process? process;
        lock (_gate)
        {
            process = _process;
            _process = null;
        }

        if (process is null)
        {
            return;
        }

        if (!process.HasExited)
        {
            _ = LibC.Kill(process.Id, LibC.Terminate);
            if (!process.WaitForExit(EndLimit))
            {
                process.Kill();
            }
        }

        process.WaitForExit(); // until its last words are heard as well
        process.Dispose();
    }

    private void Hear(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_speech)
        {
            var afterTime = line.IndexOf(": ", StringComparison.Ordinal);
            // each line begins with the broker's time in seconds
            _speech.Enqueue(afterTime > 0 && line.AsSpan(0, afterTime).IndexOfAnyExceptInRange('0', '9') < 0 ? line[(afterTime + 2)..] : line);
            if (_speech.Count > SpeechLines)
            {
                _speech.Dequeue();
            }
        }
    }

    /// <summary>Its complaints, or the last thing it said, in one line.</summary>
    private string Speech()
    {
        lock (_speech)
        {
            var complaints = string.Join(' ', _speech.Where(line => line.Contains("Error", StringComparison.OrdinalIgnoreCase)));
            return complaints.Length > 0 ? complaints : _speech.LastOrDefault() ?? "it said nothing";
        }
    }

    private static void RefuseTaken(int port)
    {
        if (port != 0 && Answers(port))
        {
            throw new EmbeddedBrokerException($"port {port} on 127.0.0.1 is taken: end what listens there, or choose another or none for a free one");
        }
    }

    private static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
