using Forecast.Adapters.Dashboard;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Dashboard;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Cli.Composition;

/// <summary>The dashboard of a command: it outlives the command's runs, so that a finished one can still be looked at.</summary>
internal sealed class DashboardComposition : IDisposable
{
    private readonly ConsoleOutput _console;
    private readonly DashboardFeed _feed;
    private readonly DashboardEndpoint _endpoint;

    private DashboardComposition(DashboardFeed feed, DashboardEndpoint endpoint, ConsoleOutput console)
    {
        _feed = feed;
        _endpoint = endpoint;
        _console = console;
    }

    public string Url => $"http://127.0.0.1:{_endpoint.Port}/";

    /// <summary>On the port asked for; where nobody asked for one and the usual one is taken, on a free one. Null where it is off.</summary>
    /// <param name="onlyIfAsked">Off unless a port was asked for.</param>
    public static DashboardComposition? Open(Settings settings, ConsoleOutput console, bool onlyIfAsked = false)
    {
        var asked = settings.OriginOf("dashboard.port") != Origin.Default;
        if (settings.DashboardPort == 0 || (onlyIfAsked && !asked))
        {
            return null;
        }

        var feed = new DashboardFeed(TimeProvider.System);
        var page = DashboardPage.Files;
        try
        {
            var endpoint = Listen(feed, page, settings.DashboardPort, asked);
            var dashboard = new DashboardComposition(feed, endpoint, console);
            console.Line($"dashboard on {dashboard.Url}");
            return dashboard;
        }
        catch (IOException taken)
        {
            feed.Dispose();
            throw new UsageException(taken.Message);
        }
    }

    /// <summary>A run begins: its place among the sinks, and its cameras as the page sees them.</summary>
    /// <param name="title">A drive's name, or "live".</param>
    /// <param name="depth">Pictures that can be under way between a camera and its forecast.</param>
    public DashboardView Begin(ModelManifest manifest, Rig rig, MessageIdentity identity, RigClock clock, TimeSpan budget, Ledger ledger, string title, int depth)
    {
        var run = DashboardRun.Of(manifest, rig, identity, clock.Now, budget, title, identity.Clock == "drive" ? "replay" : "live", depth);
        _feed.Begin(run);
        return new DashboardView(new DashboardSink(_feed, manifest, rig, identity, clock, ledger), run);
    }

    /// <summary>After the last run: until told to end.</summary>
    public void Stay(CancellationToken cancelled)
    {
        _console.Line($"dashboard stays on {Url} until Ctrl-C");
        cancelled.WaitHandle.WaitOne();
    }

    public void Dispose()
    {
        _endpoint.Dispose();
        _feed.Dispose();
    }

    private static DashboardEndpoint Listen(DashboardFeed feed, IReadOnlyList<PageFile> page, int port, bool asked)
    {
        try
        {
            return DashboardEndpoint.Start(feed, page, port);
        }
        catch (IOException) when (!asked)
        {
            return DashboardEndpoint.Start(feed, page, 0);
        }
    }
}

/// <summary>One run as the dashboard sees it. Disposed of when the run is over.</summary>
internal sealed class DashboardView(DashboardSink sink, DashboardRun run) : IDisposable
{
    public DashboardSink Sink => sink;

    /// <summary>The same sources, in the rig's order, whose pictures the page gets as well.</summary>
    public IReadOnlyList<IFrameSource> Around(IReadOnlyList<IFrameSource> sources) => [.. sources.Select((source, camera) => new PictureTap(source, run.Shelves[camera]))];

    public void Dispose() => sink.Dispose();
}
