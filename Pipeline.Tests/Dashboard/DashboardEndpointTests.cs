using System.Net;
using System.Text;
using Forecast.Adapters.Dashboard;

namespace Forecast.Pipeline.Tests.Dashboard;

public sealed class DashboardEndpointTests : IDisposable
{
    private readonly DashboardFeed _feed = new(TimeProvider.System);
    private readonly DashboardEndpoint _endpoint;
    private readonly HttpClient _client = new();

    public DashboardEndpointTests()
    {
        _endpoint = DashboardEndpoint.Start(_feed, [new PageFile("/", "text/html; charset=utf-8", "<p>page"u8.ToArray())], port: 0);
        _client.BaseAddress = new Uri($"http://127.0.0.1:{_endpoint.Port}");
        _client.Timeout = TimeSpan.FromSeconds(10);
    }

    public void Dispose()
    {
        _client.Dispose();
        _endpoint.Dispose();
        _feed.Dispose();
    }

    [Fact]
    public async Task Get_ThePage_IsGuarded()
    {
        using var answer = await _client.GetAsync("/");
        Assert.Equal("<p>page", await answer.Content.ReadAsStringAsync());
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self';", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("same-origin", answer.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("GET", "/stream", "Host", "evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("GET", "/stream", "Sec-Fetch-Site", "cross-site", HttpStatusCode.MisdirectedRequest)]
    [InlineData("GET", "/stream", "Sec-Fetch-Site", "same-site", HttpStatusCode.MisdirectedRequest)]
    [InlineData("POST", "/stream", "Accept", "*/*", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/", "Accept", "*/*", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/page.js.map", "Accept", "*/*", HttpStatusCode.NotFound)]
    [InlineData("GET", "/", "Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    public async Task Ask_WhatIsNotForThePage_IsRefused(string method, string path, string header, string value, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Stream_EventsAndSilence_AreHeard()
    {
        _feed.History.Begin("r");
        _feed.History.AddStanding(0, "hello", "{}"u8);
        using var stream = new StreamReader(await _client.GetStreamAsync("/stream"), Encoding.UTF8);
        await WaitForAsync(stream, "event: hello");
        _feed.History.Add("tick", "{\"n\":1}"u8);
        await WaitForAsync(stream, "data: {\"n\":1}");
        await WaitForAsync(stream, "event: beat"); // nothing more is said: that the stream lives is
    }

    [Fact]
    public async Task Stream_TooManyPages_AreRefusedAndTheOthersGoOn()
    {
        var open = new List<HttpResponseMessage>();
        try
        {
            HttpStatusCode last;
            do
            {
                open.Add(await _client.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead));
                last = open[^1].StatusCode;
            }
            while (last == HttpStatusCode.OK && open.Count < 40);

            Assert.Equal(HttpStatusCode.TooManyRequests, last);
            Assert.InRange(open.Count, 5, 20);
            Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync("/")).StatusCode);
        }
        finally
        {
            open.ForEach(one => one.Dispose());
        }
    }

    [Fact]
    public void Start_PortTaken_SaysSoInOneLine()
    {
        var refused = Assert.Throws<IOException>(() => DashboardEndpoint.Start(_feed, [], _endpoint.Port));
        Assert.Equal($"dashboard: 127.0.0.1:{_endpoint.Port} is in use by another program; choose another port with --dashboard PORT, or 0 for none", refused.Message);
    }

    private static async Task WaitForAsync(StreamReader stream, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await stream.ReadLineAsync(limit.Token) is { } line)
        {
            if (line == text)
            {
                return;
            }
        }

        Assert.Fail($"the stream ended without {text}");
    }
}
