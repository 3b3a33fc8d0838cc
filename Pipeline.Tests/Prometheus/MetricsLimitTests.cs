using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Forecast.Adapters.Prometheus;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Mqtt;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Prometheus;

/// <summary>What whoever reaches the endpoint cannot do with it.</summary>
public sealed class MetricsLimitTests : IDisposable
{
    private readonly MetricsEndpoint _endpoint = MetricsEndpoint.Start(
        new PipelineMetrics(ForecastSamples.RigOf("front"), ForecastSamples.Manifest, TimeSpan.FromMilliseconds(100), new Ledger(1), "cpu", "0.1.0"), port: 0);

    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _endpoint.Dispose();
    }

    /// <summary>One that listened on every address would answer on 127.0.0.2 too.</summary>
    [Fact]
    public void Start_WithoutAnAddress_ListensOnLoopbackAlone()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Parse("127.0.0.2"), _endpoint.Port));
    }

    /// <summary>A page whose name was made to lead to loopback sends that name.</summary>
    [Theory]
    [InlineData("evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("[::1]", HttpStatusCode.OK)]
    public async Task Get_ByTheNameOfAnotherSite_IsNotAnswered(string host, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url("/metrics"));
        request.Headers.Host = host;
        using var answer = await _client.SendAsync(request);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal(expected == HttpStatusCode.OK, (await answer.Content.ReadAsStringAsync()).Contains("forecast_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Send_AnythingButGet_IsNotAllowed(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Url("/metrics"));
        using var answer = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
    }

    [Fact]
    public async Task Get_LineOrHeadersBeyondTheirLimit_AreRefused()
    {
        using var longLine = await _client.GetAsync(Url("/" + new string('a', 2000)));
        Assert.Equal(HttpStatusCode.RequestUriTooLong, longLine.StatusCode);

        using var request = new HttpRequestMessage(HttpMethod.Get, Url("/metrics"));
        request.Headers.Authorization = new AuthenticationHeaderValue("x", new string('y', 9000));
        using var longHeader = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, longHeader.StatusCode);
    }

    [Fact]
    public async Task Get_Flood_IsAnsweredAtItsRate()
    {
        for (var i = 0; i < 5000; i++)
        {
            using var answer = await _client.GetAsync(Url("/healthz"));
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.InRange(i, 50, 4999);
                return;
            }
        }

        Assert.Fail("5000 requests, as fast as they go, were all answered");
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task Connect_AndNeverFinishTheHeaders_IsCutOff()
    {
        using var slow = new TcpClient("127.0.0.1", _endpoint.Port);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var buffer = new byte[4096];
        while (await slow.GetStream().ReadAsync(buffer, limit.Token) > 0)
        {
            // says 408 before it hangs up
        }

        Assert.False(limit.IsCancellationRequested);
    }

    [Fact]
    public void Connect_MoreThanSixteenAtOnce_OnlySoManyAreServed()
    {
        var held = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 16; i++)
            {
                held.Add(new TcpClient("127.0.0.1", _endpoint.Port));
            }

            Eventually.True(() => !Answers(), "a seventeenth is served");
        }
        finally
        {
            held.ForEach(client => client.Dispose());
        }

        Eventually.True(Answers, "nobody is served any more");
    }

    /// <summary>On a connection of its own.</summary>
    private bool Answers()
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, Url("/healthz"));
        try
        {
            using var answer = client.Send(request);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private string Url(string path) => $"http://127.0.0.1:{_endpoint.Port}{path}";
}
