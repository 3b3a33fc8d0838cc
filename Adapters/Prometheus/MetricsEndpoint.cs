using System.Buffers;
using System.Net;
using System.Threading.RateLimiting;
using Forecast.Pipeline.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Forecast.Adapters.Prometheus;

/// <summary>
/// <c>/metrics</c> for Prometheus and <c>/healthz</c> for whoever restarts processes (200, or 503 while stale or at fault), on loopback
/// unless another address is asked for. Kestrel without routing, logging or configuration: nothing in the environment changes it.
/// </summary>
public sealed class MetricsEndpoint : IAsyncDisposable, IDisposable
{
    private const string TextFormat = "text/plain; version=0.0.4; charset=utf-8";
    private const int MostRequestsPerSecond = 50;
    private const int MostConnections = 16;
    private static readonly TimeSpan HeadersLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly PipelineMetrics _metrics;
    private readonly Exposition _exposition;
    private readonly ArrayBufferWriter<byte> _text = new(32 * 1024);
    private readonly SemaphoreSlim _oneScrape = new(1);
    private readonly WebApplication _server;
    private readonly bool _loopback;
    private readonly TokenBucketRateLimiter _rate = new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = MostRequestsPerSecond,
        TokensPerPeriod = MostRequestsPerSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
    });

    private MetricsEndpoint(PipelineMetrics metrics, IPAddress address, int port)
    {
        _metrics = metrics;
        _loopback = IPAddress.IsLoopback(address);
        _exposition = new Exposition(metrics);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = MostConnections;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxRequestLineSize = 1024;
            options.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            options.Limits.RequestHeadersTimeout = HeadersLimit;
            options.Limits.KeepAliveTimeout = IdleLimit;
            options.Listen(address, port);
        });
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary>The port it listens on, the one that was picked where 0 was asked for.</summary>
    public int Port { get; private set; }

    /// <param name="port">0 picks a free one.</param>
    /// <param name="address">Loopback where null.</param>
    /// <exception cref="IOException">The port is taken or may not be used: one line that says what to do.</exception>
    public static MetricsEndpoint Start(PipelineMetrics metrics, int port, IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        var endpoint = new MetricsEndpoint(metrics, address, port);
        try
        {
            endpoint._server.StartAsync().GetAwaiter().GetResult();
        }
        catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            endpoint.Dispose();
            var why = refused.InnerException is AddressInUseException ? "is in use by another program" : $"cannot be used ({refused.Message.TrimEnd('.')})";
            throw new IOException($"metrics: {address}:{port} {why}; choose another port with --metrics PORT, or 0 for none", refused);
        }

        var addresses = endpoint._server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        endpoint.Port = new Uri(addresses.First()).Port;
        return endpoint;
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _oneScrape.Dispose();
        await _rate.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        using var permit = _rate.AttemptAcquire();
        return !permit.IsAcquired ? AnswerAsync(context, StatusCodes.Status429TooManyRequests, "too many requests\n")
            : !IsForUs(context.Request) ? AnswerAsync(context, StatusCodes.Status421MisdirectedRequest, "ask by address or as localhost\n")
            : !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) ? AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET\n")
            : Answered(context);
    }

    /// <summary>A page of another site can have its own name lead to loopback, and would read what is here by that name.</summary>
    private bool IsForUs(HttpRequest request) =>
        !_loopback || request.Host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(request.Host.Host, out _);

    private Task Answered(HttpContext context) => context.Request.Path.Value switch
    {
        "/metrics" => ScrapeAsync(context),
        "/healthz" => HealthAsync(context),
        _ => AnswerAsync(context, StatusCodes.Status404NotFound, "here are /metrics and /healthz\n"),
    };

    private async Task ScrapeAsync(HttpContext context)
    {
        await _oneScrape.WaitAsync(context.RequestAborted);
        try
        {
            _text.ResetWrittenCount();
            _exposition.Write(_text);
            context.Response.ContentType = TextFormat;
            context.Response.ContentLength = _text.WrittenCount;
            await context.Response.Body.WriteAsync(_text.WrittenMemory, context.RequestAborted);
        }
        finally
        {
            _oneScrape.Release();
        }
    }

    private Task HealthAsync(HttpContext context)
    {
        var state = _metrics.Health;
        var usable = state is HealthState.Starting or HealthState.Nominal or HealthState.Degraded;
        return AnswerAsync(context, usable ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, $"{state.ToString().ToLowerInvariant()}\n");
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
