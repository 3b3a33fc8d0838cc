using System.Diagnostics;
using System.Globalization;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>A broker with TLS, users and client certificates, from an authority of the test's own.</summary>
[Collection(BrokerTests.Name)]
public sealed class MqttTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-tls-").FullName;
    private readonly EmbeddedBroker _broker;
    private readonly int _port = FreePort();

    public MqttTlsTests()
    {
        MakeCertificates();
        Run("mosquitto_passwd", "-b", "-c", InFolder("users"), "vehicle", "s3cret");
        Run("chmod", "-R", "go=rX", _folder); // the broker runs as another user where we are root
        File.WriteAllText(InFolder("password"), "s3cret\n");
        File.WriteAllText(InFolder("wrong"), "guess\n");
        _broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions
        {
            ExtraConfiguration =
            [
                $"listener {_port.ToString(CultureInfo.InvariantCulture)} 127.0.0.1",
                $"cafile {InFolder("ca.pem")}",
                $"certfile {InFolder("server.pem")}",
                $"keyfile {InFolder("server.key")}",
                $"password_file {InFolder("users")}",
            ],
        });
    }

    private MqttConnectionOptions Options => new()
    {
        Broker = $"mqtts://localhost:{_port}", ClientId = $"tls-{Guid.NewGuid():N}", User = "vehicle", PasswordFile = InFolder("password"), CaFile = InFolder("ca.pem"),
    };

    [Fact]
    public void Connect_TlsAndPassword_PublishesLargeMessagesBothWays()
    {
        using var connection = new MqttConnection(Options with { CertificateFile = InFolder("client.pem"), KeyFile = InFolder("client.key") });
        var received = 0L;
        connection.Subscribe("a/big", 1, (in MqttMessage message) => Interlocked.Add(ref received, message.Payload.Length));
        var topic = connection.CreateTopic("a/big", 1, retain: false, new MqttProperties { ContentType = "application/json" });
        connection.Start();
        Eventually.True(() => connection.IsConnected, $"not connected: {connection.State.Detail}");
        var payload = new byte[300_000];

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(PublishResult.Taken, connection.Publish(topic, payload));
        }

        Eventually.True(() => Interlocked.Read(ref received) == 5 * payload.Length, "not all came back");
    }

    [Fact]
    public void Connect_WrongPassword_SaysSoWithoutThePassword()
    {
        using var connection = new MqttConnection(Options with { PasswordFile = InFolder("wrong") });
        connection.Start();

        Eventually.True(() => connection.State.Detail.Contains("authori", StringComparison.OrdinalIgnoreCase), $"it says '{connection.State.Detail}'");
        Assert.DoesNotContain("guess", connection.State.Detail, StringComparison.Ordinal);
        Assert.False(connection.IsConnected);
    }

    [Fact]
    public void Connect_AuthorityUnknown_IsRefused()
    {
        using var connection = new MqttConnection(Options with { CaFile = InFolder("other-ca.pem") });
        connection.Start();

        Eventually.True(() => connection.State.Detail.Contains("certificate verify failed", StringComparison.Ordinal), $"it says '{connection.State.Detail}'");
        Assert.False(connection.IsConnected);
    }

    public void Dispose()
    {
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void MakeCertificates()
    {
        MakeAuthority("ca");
        MakeAuthority("other-ca");
        File.WriteAllText(InFolder("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
        foreach (var name in new[] { "server", "client" })
        {
            Run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", $"/CN={name}", "-keyout", InFolder($"{name}.key"), "-out", InFolder($"{name}.csr"));
            Run("openssl", "x509", "-req", "-in", InFolder($"{name}.csr"), "-CA", InFolder("ca.pem"), "-CAkey", InFolder("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", InFolder("names"), "-out", InFolder($"{name}.pem"));
        }
    }

    private void MakeAuthority(string name) =>
        Run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", $"/CN={name}", "-keyout", InFolder($"{name}.key"), "-out", InFolder($"{name}.pem"));

    private string InFolder(string file) => Path.Combine(_folder, file);

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
    }
}
