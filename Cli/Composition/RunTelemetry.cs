using System.Globalization;
using System.Net;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Prometheus;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>Everything that watches a live run: /metrics, health and latency once a second over MQTT on a thread of its own, and the summary at the end.</summary>
internal sealed class RunTelemetry : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly RunMeasures _measures;
    private readonly MetricsEndpoint? _endpoint;
    private readonly OnnxWorldModel _model;
    private readonly JourneyParts _parts;
    private readonly RigClock _clock;
    private readonly MqttForecastSink _sink;
    private readonly Func<bool> _connected;
    private readonly HealthReport _health;
    private readonly LatencyReport _latency = new();
    private readonly LatencyReporter _reporter;
    private readonly ManualResetEventSlim _stopped = new(false);
    private Thread? _thread;
    private HealthWatch? _watch;

    public RunTelemetry(Settings settings, Rig rig, OnnxWorldModel model, JourneyParts parts, RigClock clock, MqttForecastSink sink, Func<bool> connected, ConsoleOutput console)
    {
        _model = model;
        _parts = parts;
        _clock = clock;
        _sink = sink;
        _connected = connected;
        _health = new HealthReport(rig);
        Metrics = new PipelineMetrics(rig, model.Manifest, parts.Admission.Budget, parts.Ledger, model.Provider, VersionCommand.Text) { Plans = parts.Desk?.Counts };
        _measures = new RunMeasures(Metrics);
        _reporter = new LatencyReporter(Metrics);
        _endpoint = OpenEndpoint(settings, console);
    }

    public PipelineMetrics Metrics { get; }

    /// <summary>What shows the run to people; null: nobody asked for it.</summary>
    public DashboardView? Page { get; init; }

    /// <summary>Where reports go beside the broker; null: nowhere.</summary>
    public RecordingSink? Recording { get; init; }

    public IJourneyObserver Observer => _measures;

    public void Start(HealthWatch watch)
    {
        _watch = watch;
        _thread = new Thread(Run) { IsBackground = true, Name = "health" };
        _thread.Start();
    }

    public void Stop()
    {
        _stopped.Set();
        _thread?.Join();
    }

    /// <summary>One line for a person who waits.</summary>
    public string ProgressLine(TimeSpan elapsed, TimeSpan? duration)
    {
        var figures = Metrics.CaptureToPublish.Run.Figures();
        var last = _parts.Period.TotalSeconds > 0 && figures.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{figures.P50Ms:0.0} ms, p99 {figures.P99Ms:0.0} ms") : "none yet";
        var risk = Metrics.Probability(_model.Manifest.LevelHorizonFor(Metrics.EgoOrigin));
        var riskText = float.IsNaN(risk) ? "unknown" : string.Create(CultureInfo.InvariantCulture, $"{risk:0.000} {Metrics.Level.ToString().ToLowerInvariant()}");
        var of = duration is { } whole ? string.Create(CultureInfo.InvariantCulture, $" of {whole.TotalSeconds:0}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:0}{of} s  forecasts {figures.Count}  capture to publish {last}  risk {riskText}  alarms {Metrics.Alarms}");
    }

    public Summary Summarise(TimeSpan elapsed, TimeSpan? duration) => _measures.Summarise(_parts.Ledger.Copy(), elapsed, duration) with { RiskEvents = _parts.Judge.Alarms };

    public void Dispose()
    {
        Stop();
        _endpoint?.Dispose();
        _stopped.Dispose();
    }

    /// <summary>On the port asked for; where nobody asked for one and the usual one is taken, on a free one.</summary>
    private MetricsEndpoint? OpenEndpoint(Settings settings, ConsoleOutput console)
    {
        if (settings.Metrics.Port == 0)
        {
            return null;
        }

        var address = IPAddress.Parse(settings.Metrics.Address);
        MetricsEndpoint endpoint;
        try
        {
            endpoint = MetricsEndpoint.Start(Metrics, settings.Metrics.Port, address);
        }
        catch (IOException) when (settings.OriginOf("metrics.port") == Origin.Default)
        {
            endpoint = MetricsEndpoint.Start(Metrics, 0, address);
        }
        catch (IOException taken)
        {
            throw new UsageException(taken.Message);
        }

        console.Line($"metrics on http://{settings.Metrics.Address}:{endpoint.Port}/metrics");
        return endpoint;
    }

    private void Run()
    {
        while (!_stopped.Wait(Period))
        {
            _sink.Fill(_health.Outbox);
            _watch!.Fill(_health, _connected(), Metrics.EgoOrigin, _model.Provider);
            Metrics.Report(_health);
            _reporter.Fill(_latency, _clock.Now);
            _sink.PublishHealth(_health);
            _sink.PublishLatency(_latency);
            Page?.Sink.PublishHealth(_health);
            Page?.Sink.PublishLatency(_latency);
            Recording?.Report(_health, _latency);
        }
    }
}
