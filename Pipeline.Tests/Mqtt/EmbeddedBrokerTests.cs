using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

[Collection(BrokerTests.Name)]
public sealed class EmbeddedBrokerTests(BrokerFixture fixture)
{
    [Fact]
    public void Start_BothListeners_OnLoopbackOnly()
    {
        foreach (var port in new[] { fixture.Broker.Port, fixture.Broker.WebSocketPort })
        {
            var addresses = ListeningAddresses(port);
            Assert.Equal(["0100007F"], addresses); // 127.0.0.1, as the kernel writes it
        }
    }

    [Fact]
    public void Start_PortTaken_SaysWhich()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var problem = Assert.Throws<EmbeddedBrokerException>(() => EmbeddedBroker.Start(new EmbeddedBrokerOptions { Port = port }));

        Assert.Contains($"port {port} on 127.0.0.1 is taken", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_ProgramMissing_SaysSo()
    {
        var problem = Assert.Throws<EmbeddedBrokerException>(() => EmbeddedBroker.Start(new EmbeddedBrokerOptions { Program = "/nowhere/mosquitto" }));

        Assert.Contains("'/nowhere/mosquitto' is not there", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_ConfigurationRefused_ShowsTheBrokersComplaint()
    {
        var problem = Assert.Throws<EmbeddedBrokerException>(() => EmbeddedBroker.Start(new EmbeddedBrokerOptions { ExtraConfiguration = ["no_such_option 1"] }));

        Assert.Contains("no_such_option", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
    }

    [Fact]
    public void Dispose_Running_LeavesNeitherProcessNorFolder()
    {
        var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        var process = broker.ProcessId;
        Assert.True(Directory.Exists(broker.Folder));

        broker.Dispose();

        Assert.Throws<ArgumentException>(() => Process.GetProcessById(process));
        Assert.False(Directory.Exists(broker.Folder));
    }

    /// <summary>Ctrl-C reaches every process of the terminal's group: the broker must live to carry our last messages.</summary>
    [Fact]
    public void Start_Running_IsInASessionOfItsOwn()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());

        var stat = File.ReadAllText($"/proc/{broker.ProcessId}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // state, parent, group, session
        Assert.Equal(broker.ProcessId.ToString(CultureInfo.InvariantCulture), fields[3]);
    }

    /// <summary>Where the tests are not run by root there is nothing to give up; no new rights may be had in either case.</summary>
    [Fact]
    public void Start_ByRoot_RunsWithoutItsRights()
    {
        var status = File.ReadAllLines($"/proc/{fixture.Broker.ProcessId}/status");

        Assert.Contains("NoNewPrivs:\t1", status);
        Assert.DoesNotContain(status, line => line.StartsWith("Uid:\t0\t", StringComparison.Ordinal));
        Assert.Contains("CapEff:\t0000000000000000", status);
    }

    [Fact]
    public void Publish_LargerThanItTakes_IsRefusedAndTheConnectionStays()
    {
        var topicBase = fixture.NewBase();
        using var connection = fixture.NewConnection();
        connection.Start();
        Eventually.True(() => connection.IsConnected, "not connected");
        var topic = connection.CreateTopic(topicBase + "scene", 1, retain: false, new MqttProperties());

        Assert.Equal(PublishResult.TooLarge, connection.Publish(topic, new byte[5 << 20]));
        Assert.Equal(PublishResult.Taken, connection.Publish(topic, new byte[1 << 20]));
        Eventually.True(() => topic.Sent == 1, "the smaller one did not arrive");
        Assert.Equal(1, connection.Connects);
    }

    [Fact]
    public void Start_ParentKilled_BrokerEndsToo()
    {
        using var parent = ChildPublisher.Start(ChildPublisher.Embedded, "");
        var broker = int.Parse(parent.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        var folder = parent.StandardOutput.ReadLine()!;
        Assert.True(Directory.Exists($"/proc/{broker}"));

        parent.Kill();
        parent.WaitForExit();

        Eventually.True(() => !Directory.Exists($"/proc/{broker}") || File.ReadAllText($"/proc/{broker}/stat").Contains(") Z", StringComparison.Ordinal), "the broker outlived its parent");
        Directory.Delete(folder, recursive: true);
    }

    private static List<string> ListeningAddresses(int port)
    {
        const string Listening = "0A";
        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        var addresses = new List<string>();
        foreach (var table in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && fields[1].EndsWith(suffix, StringComparison.Ordinal))
                {
                    addresses.Add(fields[1][..^suffix.Length]);
                }
            }
        }

        return addresses;
    }
}
