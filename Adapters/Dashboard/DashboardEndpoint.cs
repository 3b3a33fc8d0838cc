using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Forecast.Adapters.Dashboard;

/// <summary>A file of the page.</summary>
/// <param name="Path">As it is asked for, "/" for the page itself.</param>
public sealed record PageFile(string Path, string ContentType, byte[] Content);

/// <summary>
/// The page and its stream of events, on loopback only: there is nothing to ask for but files of our own and <c>/stream</c>, nothing can be
/// sent, and other sites' pages are refused. Kestrel without routing, logging or configuration.
/// </summary>
public sealed class DashboardEndpoint : IAsyncDisposable, IDisposable
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const int MostConnections = 24;
    private const int MostStreams = 12;
    private const int EnoughBytes = 1 << 18;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan HeadersLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (PageFile File, byte[] Gzip)> _files;
    private readonly DashboardFeed _feed;
    private readonly WebApplication _server;
    private readonly CancellationTokenSource _stopping = new();
    private int _streams;

    private DashboardEndpoint(DashboardFeed feed, IReadOnlyList<PageFile> files, int port)
    {
        _feed = feed;
        _files = files.ToDictionary(file => file.Path, file => (file, Compress(file.Content)));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = MostConnections;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxRequestLineSize = 2048;
            options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            options.Limits.RequestHeadersTimeout = HeadersLimit;
            options.Listen(IPAddress.Loopback, port);
        });
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary>The port it listens on, the one that was picked where 0 was asked for.</summary>
    public int Port { get; private set; }

    /// <param name="port">0 picks a free one.</param>
    /// <exception cref="IOException">The port is taken or may not be used: one line that says what to do.</exception>
    public static DashboardEndpoint Start(DashboardFeed feed, IReadOnlyList<PageFile> files, int port)
    {
        var endpoint = new DashboardEndpoint(feed, files, port);
        try
        {
            endpoint._server.StartAsync().GetAwaiter().GetResult();
        }
        catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            endpoint.Dispose();
            var why = refused.InnerException is AddressInUseException ? "is in use by another program" : $"cannot be used ({refused.Message.TrimEnd('.')})";
            throw new IOException($"dashboard: 127.0.0.1:{port} {why}; choose another port with --dashboard PORT, or 0 for none", refused);
        }

        endpoint.Port = new Uri(endpoint._server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return endpoint;
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync(); // streams end by themselves; the server would wait for them
        using var limit = new CancellationTokenSource(StopLimit);
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _stopping.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        Guard(context.Response.Headers);
        var request = context.Request;
        return !IsForUs(request) ? AnswerAsync(context, StatusCodes.Status421MisdirectedRequest, "ask by address or as localhost, and not from another site's page\n")
            : !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) ? AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET\n")
            : request.Path.Value == "/stream" ? StreamAsync(context)
            : _files.TryGetValue(request.Path.Value ?? "", out var found) ? SendAsync(context, found.File, found.Gzip)
            : AnswerAsync(context, StatusCodes.Status404NotFound, "here is the dashboard, at /\n");
    }

    /// <summary>A page of another site can have its own name lead to loopback, or point an element here: neither is answered.</summary>
    private static bool IsForUs(HttpRequest request)
    {
        var host = request.Host.Host;
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var ours = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);
        var followed = site.Length == 0 || site is "same-origin" or "none";
        return ours && (followed || (request.Path.Value == "/" && request.Headers["Sec-Fetch-Dest"] == "document")); // a link to the page is no harm: it can read nothing
    }

    private static void Guard(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private static Task SendAsync(HttpContext context, PageFile file, byte[] gzip)
    {
        var packed = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);
        if (packed)
        {
            context.Response.Headers.ContentEncoding = "gzip";
        }

        var content = packed ? gzip : file.Content;
        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = content.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(content, context.RequestAborted).AsTask();
    }

    private async Task StreamAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _streams) > MostStreams)
        {
            Interlocked.Decrement(ref _streams);
            await AnswerAsync(context, StatusCodes.Status429TooManyRequests, "too many pages are open\n");
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            await PourAsync(context, ended.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // The page was closed, or we end.
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    /// <summary>Each page at its own speed: a slow one misses what has left the history, and is told how much.</summary>
    private async Task PourAsync(HttpContext context, CancellationToken ended)
    {
        var text = new ArrayBufferWriter<byte>(EnoughBytes);
        text.Write("retry: 500\n\n"u8);
        var cursor = _feed.History.Open(context.Request.Headers["Last-Event-ID"], text);
        AddBeat(text, 0); // so that the page knows the time here before it reads what is past
        var idle = TimeSpan.Zero;
        while (!ended.IsCancellationRequested)
        {
            cursor = _feed.History.Read(cursor, text, EnoughBytes, out var missed);
            if (missed > 0 || (text.WrittenCount == 0 && idle >= Beat))
            {
                AddBeat(text, missed);
            }

            if (text.WrittenCount == 0)
            {
                await Task.Delay(Look, ended);
                idle += Look;
                continue;
            }

            await context.Response.Body.WriteAsync(text.WrittenMemory, ended);
            await context.Response.Body.FlushAsync(ended);
            text.ResetWrittenCount();
            idle = TimeSpan.Zero;
        }
    }

    private void AddBeat(ArrayBufferWriter<byte> text, long missed) => text.Write(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"event: beat\ndata: {{\"sent_ms\":{_feed.NowMs},\"missed\":{missed},\"skipped\":{_feed.Dropped}}}\n\n")));

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static byte[] Compress(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }
}
