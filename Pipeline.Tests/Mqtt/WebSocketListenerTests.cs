using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>What a page in a browser on this machine can do with the embedded broker.</summary>
[Collection(BrokerTests.Name)]
public sealed class WebSocketListenerTests(BrokerFixture fixture)
{
    private string Password => File.ReadAllText(fixture.Broker.WebSocketPasswordFile).Trim();

    [Fact]
    public async Task Connect_WithoutOrWithAWrongPassword_IsRefused()
    {
        foreach (var (user, password) in new[] { ((string?)null, (string?)null), (EmbeddedBroker.WebSocketUser, ""), (EmbeddedBroker.WebSocketUser, "guess"), ("admin", Password) })
        {
            using var page = new BrowserClient();
            Assert.Equal(BrowserClient.NotAuthorised, await page.ConnectAsync(fixture.Broker.WebSocketUrl, user, password));
        }
    }

    [Fact]
    public async Task Connect_WithThisRunsPassword_ReadsButWritesNothing()
    {
        var topicBase = fixture.NewBase();
        using var other = new MosquittoSub(fixture.Broker.Port, "#");
        using var page = new BrowserClient();
        Assert.Equal(BrowserClient.Accepted, await page.ConnectAsync(fixture.Broker.WebSocketUrl, EmbeddedBroker.WebSocketUser, Password));
        Assert.InRange(await page.SubscribeAsync(topicBase + "#"), 0, 2);

        foreach (var topic in new[] { topicBase + "in/ego", topicBase + "risk", "elsewhere" })
        {
            Assert.Equal(BrowserClient.NotAuthorised, await page.PublishAsync(topic, "forged"));
        }

        using var ours = fixture.NewConnection();
        ours.Start();
        Eventually.True(() => ours.IsConnected, "not connected");
        ours.Publish(ours.CreateTopic(topicBase + "risk", 1, retain: false, new MqttProperties()), "true"u8);

        Assert.Contains("true", await page.MessageAsync(), StringComparison.Ordinal);
        other.WaitFor(topicBase + "risk");
        Assert.DoesNotContain(other.Messages, message => message.Payload == "forged");
    }

    [Fact]
    public void Start_EveryRun_HasAPasswordOfItsOwn()
    {
        using var another = EmbeddedBroker.Start(new EmbeddedBrokerOptions());

        Assert.Matches("^[0-9a-f]{48}$", Password);
        Assert.NotEqual(Password, File.ReadAllText(another.WebSocketPasswordFile).Trim());
    }

    [UnsupportedOSPlatform("windows")]
    [Fact]
    public void Start_PasswordFile_IsForOurUserAlone() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(fixture.Broker.WebSocketPasswordFile));

    /// <summary>A page can also send any bytes to the other listener, as the body of a form: what comes first is HTTP, and the broker hangs up.</summary>
    [Fact]
    public async Task Post_ToTheMqttListener_IsCutOff()
    {
        var topicBase = fixture.NewBase();
        using var other = new MosquittoSub(fixture.Broker.Port, topicBase + "#");
        var topic = Encoding.ASCII.GetBytes(topicBase + "risk");
        byte[] connect = [0x10, 15, 0, 4, .. "MQTT"u8, 4, 2, 0, 60, 0, 3, .. "web"u8];
        byte[] publish = [0x30, (byte)(4 + topic.Length), 0, (byte)topic.Length, .. topic, .. "no"u8];
        using (var client = new TcpClient("127.0.0.1", fixture.Broker.Port))
        {
            await client.GetStream().WriteAsync((byte[])[.. connect, .. publish]);
            other.WaitFor(topicBase + "risk"); // without the HTTP before them they are a message
        }

        using var page = new TcpClient("127.0.0.1", fixture.Broker.Port);
        await page.GetStream().WriteAsync((byte[])[.. "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n"u8, .. connect, .. publish]);

        var ended = await EndOfAsync(page);
        Assert.True(ended);
        Assert.Single(other.Messages);
    }

    private static async Task<bool> EndOfAsync(TcpClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return await client.GetStream().ReadAsync(new byte[100], limit.Token) == 0;
        }
        catch (IOException)
        {
            return true; // reset
        }
    }
}
