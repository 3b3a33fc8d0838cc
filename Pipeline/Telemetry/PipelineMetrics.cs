using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Telemetry;

/// <summary>
/// What is measured of a run, kept in fixed places: written by the publishing thread at each forecast (0 B) and by the health report once
/// a second, read at any time by a scrape, the latency message and the run's summary. Plain fields and not instruments with tags,
/// for those allocate at each recording; <see cref="PipelineMeter"/> offers the same to OpenTelemetry.
/// </summary>
public sealed class PipelineMetrics : IJourneyObserver
{
    private readonly long[] _lastReady;
    private readonly float[] _probability;
    private long _alarms;
    private long _surprises;
    private long _surpriseShed;
    private float _surpriseScore = float.NaN;
    private int _surprised;
    private long _newScenes;
    private long _episodesDropped;
    private int _episodes;
    private float _similarity = float.NaN;
    private int _level = (int)RiskLevel.Unknown;
    private int _egoOrigin;
    private int _camerasInBatch;
    private int _manoeuvres;

    /// <param name="provider">The execution provider that is live.</param>
    /// <param name="software">Version of the program.</param>
    public PipelineMetrics(Rig rig, ModelManifest manifest, TimeSpan budget, Ledger ledger, string provider, string software)
    {
        Manifest = manifest;
        Budget = budget;
        Ledger = ledger;
        Provider = provider;
        Software = software;
        Cameras = [.. rig.Cameras.Select(camera => new CameraGauges(camera.Name))];
        CaptureToPublish = new StageHistogram(budget);
        Stages = [.. Enumerable.Range(0, StageTimes.Count).Select(_ => new StageHistogram(budget))];
        _lastReady = new long[rig.Cameras.Count];
        _probability = new float[manifest.HorizonsS.Count];
        Array.Fill(_probability, float.NaN);
    }

    public ModelManifest Manifest { get; }

    public TimeSpan Budget { get; }

    public Ledger Ledger { get; }

    /// <summary>Plan requests; null where nobody can ask.</summary>
    public PlanCounts? Plans { get; init; }

    public string Provider { get; }

    public string Software { get; }

    public IReadOnlyList<CameraGauges> Cameras { get; }

    /// <summary>From the capture time of the oldest frame used to the first sink having it.</summary>
    public StageHistogram CaptureToPublish { get; }

    /// <summary>By <see cref="Stage"/>.</summary>
    public IReadOnlyList<StageHistogram> Stages { get; }

    /// <summary>End to end less decoding, preparation and the model: what the pipeline itself adds, waiting included.</summary>
    public LatencyHistogram Overhead { get; } = new();

    /// <summary>Alarms risen so far.</summary>
    public long Alarms => Interlocked.Read(ref _alarms);

    /// <summary>Events of surprise risen so far.</summary>
    public long Surprises => Interlocked.Read(ref _surprises);

    /// <summary>Looks back that were shed so far.</summary>
    public long SurpriseShed => Interlocked.Read(ref _surpriseShed);

    /// <summary>Of the newest forecast; NaN when it has none.</summary>
    public float SurpriseScore => Volatile.Read(ref _surpriseScore);

    /// <summary>True while an event of surprise stands.</summary>
    public bool Surprised => Volatile.Read(ref _surprised) != 0;

    /// <summary>New scenes so far.</summary>
    public long NewScenes => Interlocked.Read(ref _newScenes);

    /// <summary>Scenes in the episodic memory.</summary>
    public int Episodes => Volatile.Read(ref _episodes);

    /// <summary>Scenes that were not kept beyond the process.</summary>
    public long EpisodesDropped => Interlocked.Read(ref _episodesDropped);

    /// <summary>Of the newest scene to the nearest kept one; NaN when not known.</summary>
    public float Similarity => Volatile.Read(ref _similarity);

    public RiskLevel Level => (RiskLevel)Volatile.Read(ref _level);

    public EgoOrigin EgoOrigin => (EgoOrigin)Volatile.Read(ref _egoOrigin);

    /// <summary>Pictures in the newest batch.</summary>
    public int CamerasInBatch => Volatile.Read(ref _camerasInBatch);

    /// <summary>Manoeuvres imagined for the newest forecast: the rung.</summary>
    public int Manoeuvres => Volatile.Read(ref _manoeuvres);

    public HealthState Health { get; private set; } = HealthState.Starting;

    public bool BrokerConnected { get; private set; }

    /// <summary>As the last health report had it.</summary>
    public OutboxReport Outbox { get; } = new();

    public int FrameQueue { get; private set; }

    public int PublishQueue { get; private set; }

    /// <summary>Of manoeuvre 0 at a horizon of the manifest, in the newest forecast; NaN when there is none.</summary>
    public float Probability(int horizon) => Volatile.Read(ref _probability[horizon]);

    /// <summary>How often a camera was the last of its set to be ready.</summary>
    public long TimesLastReady(int camera) => Interlocked.Read(ref _lastReady[camera]);

    public void Published(SceneForecast forecast, Timestamp moment)
    {
        var total = moment.Nanoseconds - forecast.CaptureFirst.Nanoseconds;
        CaptureToPublish.Record(total);
        for (var stage = 0; stage < StageTimes.Count; stage++)
        {
            Stages[stage].Record(forecast.Times[(Stage)stage]);
        }

        var work = forecast.Times[Stage.Decode] + forecast.Times[Stage.Prepare] + forecast.Times[Stage.Encode] + forecast.Times[Stage.Remember] + forecast.Times[Stage.Imagine];
        Overhead.Record(total - work);
        RecordScene(forecast);
    }

    /// <summary>Takes what a health report says; the report is borrowed for the call.</summary>
    public void Report(HealthReport report)
    {
        Health = report.State;
        BrokerConnected = report.BrokerConnected;
        Outbox.CopyFrom(report.Outbox);
        FrameQueue = report.FrameQueue;
        PublishQueue = report.PublishQueue;
        for (var i = 0; i < Cameras.Count; i++)
        {
            Cameras[i].Take(report.Cameras[i]);
        }
    }

    private void RecordScene(SceneForecast forecast)
    {
        var used = 0;
        foreach (var camera in forecast.Cameras)
        {
            used += camera.Used ? 1 : 0;
        }

        if ((uint)forecast.Times.LastCamera < (uint)_lastReady.Length)
        {
            Interlocked.Increment(ref _lastReady[forecast.Times.LastCamera]);
        }

        if (forecast.Edge == AlarmEdge.Rising)
        {
            Interlocked.Increment(ref _alarms);
        }

        RecordSurprise(forecast);
        RecordMemory(forecast);
        for (var k = 0; k < _probability.Length; k++)
        {
            Volatile.Write(ref _probability[k], forecast.Manoeuvres > 0 ? forecast.Probability[k] : float.NaN);
        }

        Volatile.Write(ref _camerasInBatch, used);
        Volatile.Write(ref _manoeuvres, forecast.Manoeuvres);
        Volatile.Write(ref _egoOrigin, (int)forecast.EgoOrigin);
        Volatile.Write(ref _level, (int)(forecast.Level == RiskLevel.Unspecified ? RiskLevel.Unknown : forecast.Level));
    }

    private void RecordSurprise(SceneForecast forecast)
    {
        if (forecast.SurpriseEdge == AlarmEdge.Rising)
        {
            Interlocked.Increment(ref _surprises);
        }

        Volatile.Write(ref _surpriseScore, forecast.Surprise.Moment is null ? float.NaN : forecast.Surprise.Overall);
        Interlocked.Exchange(ref _surpriseShed, forecast.Surprise.Shed);
        Volatile.Write(ref _surprised, forecast.Surprise.Surprised ? 1 : 0);
    }

    private void RecordMemory(SceneForecast forecast)
    {
        if (forecast.NoveltyEdge == AlarmEdge.Rising)
        {
            Interlocked.Increment(ref _newScenes);
        }

        Volatile.Write(ref _similarity, forecast.SeenBefore.Similarity);
        Volatile.Write(ref _episodes, forecast.Episodes.Kept);
        Interlocked.Exchange(ref _episodesDropped, forecast.Episodes.Dropped);
    }
}

/// <summary>One camera as the last health report had it.</summary>
public sealed class CameraGauges(string name)
{
    public string Name { get; } = name;

    public float RateHz { get; private set; } = float.NaN;

    public float SkewS { get; private set; } = float.NaN;

    public bool Up { get; private set; }

    internal void Take(CameraHealth camera)
    {
        RateHz = camera.RateHz;
        SkewS = camera.SkewS;
        Up = camera.State == MissingReason.None;
    }
}
