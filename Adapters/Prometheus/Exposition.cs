using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Adapters.Prometheus;

/// <summary>What a scrape is told of a run, under names that promtool passes; under 300 series for six cameras, but for drops of events. One scrape at a time.</summary>
public sealed class Exposition
{
    private static readonly string[] DropReasons = [.. Enum.GetValues<DropReason>().Order().Select(Code)];
    private static readonly string[] ResetReasons = [.. Enum.GetValues<ResetReason>().Order().Select(Code)];
    private static readonly string[] OutboxDrops = [.. Enum.GetValues<OutboxDrop>().Order().Select(Code)];
    private static readonly string[] StageNames = [.. Enum.GetValues<Stage>().Order().Select(Code)];

    private static readonly string[] PlanOutcomes = [.. Enum.GetValues<PlanOutcome>().Order().Select(Code)];

    private readonly PipelineMetrics _metrics;
    private readonly LedgerCopy _ledger;
    private readonly string[] _edges;
    private readonly string[] _horizons;

    public Exposition(PipelineMetrics metrics)
    {
        _metrics = metrics;
        _ledger = new LedgerCopy(metrics.Cameras.Count);
        var edges = metrics.CaptureToPublish.EdgesNs;
        _edges = new string[edges.Length];
        for (var i = 0; i < edges.Length; i++)
        {
            _edges[i] = (edges[i] / 1e9).ToString(CultureInfo.InvariantCulture);
        }

        _horizons = [.. metrics.Manifest.HorizonsS.Select(horizon => horizon.ToString(CultureInfo.InvariantCulture))];
    }

    public void Write(IBufferWriter<byte> output)
    {
        var to = new ExpositionWriter(output);
        _metrics.Ledger.CopyTo(_ledger);
        WriteLatencies(to);
        WriteFrames(to);
        WriteFrameSets(to);
        WriteCameras(to);
        WriteForecast(to);
        WritePlanRequests(to);
        WriteQueues(to);
        WriteOutbox(to);
        WriteIdentity(to);
        WriteRuntime(to);
    }

    private void WriteLatencies(ExpositionWriter to)
    {
        const string Total = "forecast_capture_to_publish_seconds";
        to.Family(Total, "histogram", "From the capture time of the oldest frame used to the broker's client having it.");
        WriteHistogram(to, Total, stage: null, _metrics.CaptureToPublish);
        const string Stages = "forecast_stage_duration_seconds";
        to.Family(Stages, "histogram", "What each stage of a frame set's journey took.");
        for (var stage = 0; stage < StageNames.Length; stage++)
        {
            WriteHistogram(to, Stages, StageNames[stage], _metrics.Stages[stage]);
        }

        to.Family("forecast_budget_seconds", "gauge", "From the capture time of the oldest frame used to the deadline.");
        to.Sample("forecast_budget_seconds", _metrics.Budget.TotalSeconds);
    }

    private void WriteHistogram(ExpositionWriter to, string name, string? stage, StageHistogram histogram)
    {
        var total = 0L;
        for (var bucket = 0; bucket <= _edges.Length; bucket++)
        {
            total += histogram.InBucket(bucket);
            var edge = bucket < _edges.Length ? _edges[bucket] : "+Inf";
            if (stage is null)
            {
                to.Sample(name + "_bucket", "le", edge, total);
            }
            else
            {
                to.Sample(name + "_bucket", ("stage", stage), ("le", edge), total);
            }
        }

        if (stage is null)
        {
            to.Sample(name + "_sum", histogram.SumS);
            to.Sample(name + "_count", total);
        }
        else
        {
            to.Sample(name + "_sum", "stage", stage, histogram.SumS);
            to.Sample(name + "_count", "stage", stage, total);
        }
    }

    private void WriteFrames(ExpositionWriter to)
    {
        to.Family("forecast_frames_captured_total", "counter", "Frames that a camera delivered: used, dropped or in flight.");
        for (var i = 0; i < _ledger.Cameras.Length; i++)
        {
            to.Sample("forecast_frames_captured_total", "camera", _metrics.Cameras[i].Name, _ledger.Cameras[i].Captured);
        }

        to.Family("forecast_frames_used_total", "counter", "Frames that went into a forecast.");
        for (var i = 0; i < _ledger.Cameras.Length; i++)
        {
            to.Sample("forecast_frames_used_total", "camera", _metrics.Cameras[i].Name, _ledger.Cameras[i].Used);
        }

        to.Family("forecast_frames_dropped_total", "counter", "Frames that went no further, by the one reason of each; reasons that never occurred are left out.");
        for (var i = 0; i < _ledger.Cameras.Length; i++)
        {
            for (var reason = 0; reason < DropReasons.Length; reason++)
            {
                if (_ledger.Cameras[i].Dropped[reason] is var count and > 0)
                {
                    to.Sample("forecast_frames_dropped_total", ("camera", _metrics.Cameras[i].Name), ("reason", DropReasons[reason]), count);
                }
            }
        }
    }

    private void WriteFrameSets(ExpositionWriter to)
    {
        Counter(to, "forecast_frame_sets_due_total", "Ticks in which the rig should have given a frame set.", _ledger.Due);
        Counter(to, "forecast_frame_sets_formed_total", "Frame sets formed: published, dropped or in flight.", _ledger.Formed);
        Counter(to, "forecast_frame_sets_published_total", "Frame sets that became a forecast the first sink took.", _ledger.Published);
        Counter(to, "forecast_frame_sets_on_time_total", "Of the published: valid or degraded, and before the deadline.", _ledger.OnTime);
        Counter(to, "forecast_cost_violations_total", "Frame sets that took longer from dispatch until handed over than their cost said.", _ledger.CostViolations);
        to.Family("forecast_frame_sets_dropped_total", "counter", "Frame sets that went no further, by the one reason of each.");
        for (var reason = 0; reason < DropReasons.Length; reason++)
        {
            if ((DropReason)reason != DropReason.Shed && (reason > (int)DropReason.Black || reason == (int)DropReason.Superseded)) // the others are of single frames
            {
                to.Sample("forecast_frame_sets_dropped_total", "reason", DropReasons[reason], _ledger.SetDrops[reason]);
            }
        }

        to.Family("forecast_state_resets_total", "counter", "Times that the world state began anew after the first start, by reason.");
        for (var reason = 0; reason < ResetReasons.Length; reason++)
        {
            to.Sample("forecast_state_resets_total", "reason", ResetReasons[reason], _ledger.Resets[reason]);
        }
    }

    private void WritePlanRequests(ExpositionWriter to)
    {
        if (_metrics.Plans is not { } plans)
        {
            return;
        }

        to.Family("forecast_plan_requests_total", "counter", "Plan requests by what became of each; reasons that never occurred are left out.");
        for (var outcome = (int)PlanOutcome.Answered; outcome < PlanOutcomes.Length; outcome++)
        {
            if (plans[(PlanOutcome)outcome] is var count && (count > 0 || outcome == (int)PlanOutcome.Answered))
            {
                to.Sample("forecast_plan_requests_total", "outcome", PlanOutcomes[outcome], count);
            }
        }
    }

    private void WriteCameras(ExpositionWriter to)
    {
        to.Family("forecast_camera_up", "gauge", "1 where the camera delivers pictures that can be used.");
        foreach (var camera in _metrics.Cameras)
        {
            to.Sample("forecast_camera_up", "camera", camera.Name, camera.Up ? 1 : 0);
        }

        to.Family("forecast_camera_skew_seconds", "gauge", "How far the camera's frame lay from its frame set's reference time.");
        foreach (var camera in _metrics.Cameras)
        {
            Known(to, "forecast_camera_skew_seconds", "camera", camera.Name, camera.SkewS);
        }

        to.Family("forecast_camera_rate_hertz", "gauge", "Frames a second over the last seconds.");
        foreach (var camera in _metrics.Cameras)
        {
            Known(to, "forecast_camera_rate_hertz", "camera", camera.Name, camera.RateHz);
        }
    }

    private void WriteForecast(ExpositionWriter to)
    {
        to.Family("forecast_risk_probability", "gauge", "Of a collision until the horizon (seconds) under the intended manoeuvre; left out when unknown.");
        for (var k = 0; k < _horizons.Length; k++)
        {
            Known(to, "forecast_risk_probability", "horizon", _horizons[k], _metrics.Probability(k));
        }

        to.Family("forecast_risk_level", "gauge", "1 at the level that stands; unknown is never low.");
        States(to, "forecast_risk_level", "level", _metrics.Level);
        Counter(to, "forecast_alarms_total", "Alarms risen.", _metrics.Alarms);
        if (float.IsFinite(_metrics.SurpriseScore))
        {
            Gauge(to, "forecast_surprise_score", "Standard deviations by which the latent forecast missed more than on ordinary drives; left out when not known.", _metrics.SurpriseScore);
        }

        Gauge(to, "forecast_surprised", "1 while the scene does what was not forecast.", _metrics.Surprised ? 1 : 0);
        Counter(to, "forecast_surprises_total", "Events of surprise risen.", _metrics.Surprises);
        Counter(to, "forecast_surprise_shed_total", "Looks back that were shed, because the next frames would have had to wait.", _metrics.SurpriseShed);
        if (float.IsFinite(_metrics.Similarity))
        {
            Gauge(to, "forecast_memory_similarity", "Cosine of the newest scene's descriptor to the nearest kept one; left out when not known.", _metrics.Similarity);
        }

        Gauge(to, "forecast_memory_episodes", "Scenes in the episodic memory.", _metrics.Episodes);
        Counter(to, "forecast_memory_dropped_total", "Scenes not kept beyond the process: too many waited, or the disk refused.", _metrics.EpisodesDropped);
        Counter(to, "forecast_new_scenes_total", "Scenes unlike all that is kept.", _metrics.NewScenes);
        to.Family("forecast_ego_origin", "gauge", "1 at where the newest forecast's ego motion came from.");
        States(to, "forecast_ego_origin", "origin", _metrics.EgoOrigin);
        Gauge(to, "forecast_batch_frames", "Pictures in the newest batch.", _metrics.CamerasInBatch);
        Gauge(to, "forecast_rung_manoeuvres", "Manoeuvres imagined for the newest forecast.", _metrics.Manoeuvres);
    }

    private void WriteQueues(ExpositionWriter to)
    {
        to.Family("forecast_queue_depth", "gauge", "What waits for the journey's thread and for the publisher's.");
        to.Sample("forecast_queue_depth", "queue", "frames", _metrics.FrameQueue);
        to.Sample("forecast_queue_depth", "queue", "forecasts", _metrics.PublishQueue);
        Gauge(to, "forecast_broker_connected", "1 while connected to the broker.", _metrics.BrokerConnected ? 1 : 0);
        to.Family("forecast_health", "gauge", "1 at the state that the pipeline gives itself.");
        States(to, "forecast_health", "state", _metrics.Health);
    }

    private void WriteOutbox(ExpositionWriter to)
    {
        var outbox = _metrics.Outbox;
        Gauge(to, "forecast_outbox_events", "Events kept until they expire.", outbox.Events);
        Gauge(to, "forecast_outbox_bytes", "Of the outbox's file; 0 where it is in memory only.", outbox.Bytes);
        Gauge(to, "forecast_outbox_oldest_age_seconds", "Since the oldest event kept came about; 0 without any.", outbox.OldestAgeS);
        Counter(to, "forecast_outbox_disk_failures_total", "Times that the disk refused events; they are sent from memory all the same.", outbox.DiskFailures);
        to.Family("forecast_outbox_dropped_total", "counter", "Events no longer kept and not known to have been heard, by reason (journal_*: from disk only); reasons that never occurred are left out.");
        for (var reason = 0; reason < OutboxDrops.Length; reason++)
        {
            if (outbox.Dropped[reason] is var count and > 0)
            {
                to.Sample("forecast_outbox_dropped_total", "reason", OutboxDrops[reason], count);
            }
        }
    }

    private void WriteIdentity(ExpositionWriter to)
    {
        to.Family("forecast_model_info", "gauge", "The model and the execution provider that is live.");
        to.Info("forecast_model_info", [("name", _metrics.Manifest.Name), ("version", _metrics.Manifest.Version), ("sha256", _metrics.Manifest.Sha256), ("provider", _metrics.Provider)]);
        to.Family("forecast_build_info", "gauge", "The program and its runtime.");
        to.Info("forecast_build_info", [("version", _metrics.Software), ("runtime", RuntimeInformation.FrameworkDescription), ("architecture", Code(RuntimeInformation.ProcessArchitecture))]);
    }

    private static void WriteRuntime(ExpositionWriter to)
    {
        Counter(to, "forecast_gc_pause_seconds_total", "Time for which the garbage collector stopped every thread.", GC.GetTotalPauseDuration().TotalSeconds);
        to.Family("forecast_gc_collections_total", "counter", "Garbage collections of exactly this generation.");
        to.Sample("forecast_gc_collections_total", "generation", "0", GC.CollectionCount(0) - GC.CollectionCount(1));
        to.Sample("forecast_gc_collections_total", "generation", "1", GC.CollectionCount(1) - GC.CollectionCount(2));
        to.Sample("forecast_gc_collections_total", "generation", "2", GC.CollectionCount(2));
        Counter(to, "forecast_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", GC.GetTotalAllocatedBytes());
        Counter(to, "process_cpu_seconds_total", "Processor time of the process.", Environment.CpuUsage.TotalTime.TotalSeconds);
        Gauge(to, "process_resident_memory_bytes", "Resident memory of the process.", Environment.WorkingSet);
    }

    private static void Counter(ExpositionWriter to, string name, string help, double value)
    {
        to.Family(name, "counter", help);
        to.Sample(name, value);
    }

    private static void Gauge(ExpositionWriter to, string name, string help, double value)
    {
        to.Family(name, "gauge", help);
        to.Sample(name, value);
    }

    private static void Known(ExpositionWriter to, string name, string label, string labelValue, float value)
    {
        if (float.IsFinite(value))
        {
            to.Sample(name, label, labelValue, value);
        }
    }

    /// <summary>One series a state, 1 at the one that stands; an unspecified one stands nowhere.</summary>
    private static void States<TState>(ExpositionWriter to, string name, string label, TState current)
        where TState : struct, Enum
    {
        foreach (var state in Enum.GetValues<TState>())
        {
            if (Convert.ToInt32(state, CultureInfo.InvariantCulture) != 0)
            {
                to.Sample(name, label, Code(state), state.Equals(current) ? 1 : 0);
            }
        }
    }

    /// <summary>"PoolEmpty" to "pool_empty", as in the messages.</summary>
    private static string Code<TEnum>(TEnum value)
        where TEnum : struct, Enum
    {
        var code = new StringBuilder();
        foreach (var letter in value.ToString())
        {
            if (char.IsUpper(letter) && code.Length > 0)
            {
                code.Append('_');
            }

            code.Append(char.ToLowerInvariant(letter));
        }

        return code.ToString();
    }
}
