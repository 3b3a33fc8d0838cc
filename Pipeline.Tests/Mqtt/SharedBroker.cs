using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Tests.EndToEnd;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>
/// The broker of data-samples/broker as its README makes it: its very commands, configuration and access list, on a port of loopback
/// and under the name localhost.
/// </summary>
public sealed class SharedBroker : IDisposable
{
    private const string Name = "broker.example";

    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-shared-").FullName;
    private readonly Process _process;

    public SharedBroker()
    {
        Port = EndToEnd.Mosquitto.FreePort();
        var readme = Sample("README.md").Replace(Name, "localhost", StringComparison.Ordinal);
        var commands = readme.Split("```bash\n")[1].Split("```")[0];
        Run("bash", "-euc", $"cd {_folder}; {commands} mkdir elsewhere; cp ca.* elsewhere; cd elsewhere; {commands}");
        File.WriteAllText(this["broker.acl"], Sample("broker.acl"));
        // as ourselves: root's broker would become the user mosquitto, who may not read here
        var configuration = Sample("mosquitto.conf")
            .Replace(Name, "localhost", StringComparison.Ordinal)
            .Replace("/etc/forecast", _folder, StringComparison.Ordinal)
            .Replace("/var/lib/forecast-broker", _folder, StringComparison.Ordinal)
            .Replace("listener 8883", string.Create(CultureInfo.InvariantCulture, $"user {Environment.UserName}\nlistener {Port} 127.0.0.1"), StringComparison.Ordinal);
        File.WriteAllText(this["mosquitto.conf"], configuration);
        _process = Process.Start(new ProcessStartInfo(Needs.Program(Needs.Broker)!, ["-c", this["mosquitto.conf"]]) { RedirectStandardError = true })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        Eventually.True(Answers, "the broker of data-samples does not start");
    }

    public int Port { get; }

    /// <summary>A file of the broker's folder; "elsewhere/" has those of another authority of the same name.</summary>
    public string this[string file] => Path.Combine(_folder, file);

    public static string Sample(string file) => File.ReadAllText(Path.Combine(RealData.Repository, "data-samples", "broker", file));

    public MqttConnectionOptions Options(string certificate, string authority = "ca.pem") => new()
    {
        Broker = string.Create(CultureInfo.InvariantCulture, $"mqtts://localhost:{Port}"),
        ClientId = $"{Path.GetFileName(certificate)}-{Guid.NewGuid():N}",
        CaFile = this[authority],
        CertificateFile = this[$"{certificate}.pem"],
        KeyFile = this[$"{certificate}.key"],
    };

    /// <summary>What an independent client needs to come in with this certificate.</summary>
    public string[] Certificate(string name) => ["--cafile", this["ca.pem"], "--cert", this[$"{name}.pem"], "--key", this[$"{name}.key"]];

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
    }

    private bool Answers()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(System.Net.IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
