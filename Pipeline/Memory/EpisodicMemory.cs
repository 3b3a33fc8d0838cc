using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Scenes seen before and what followed them. Once a second the model's descriptor of a scene is set aside; three seconds later, when the
/// risk that followed is known, it is kept. Each tick the nearest kept scenes are looked up. A scene unlike all of them, for M of N ticks,
/// is new: its forecasts say so, and the bound, which was measured on other scenes, is suspended.
/// </summary>
public sealed class EpisodicMemory
{
    /// <summary>What followed is what happened within this time.</summary>
    public static readonly TimeSpan Followed = TimeSpan.FromSeconds(3);

    /// <summary>One scene is set aside in so long.</summary>
    public static readonly TimeSpan Spacing = TimeSpan.FromSeconds(1);

    /// <summary>What this run has seen within this time is no memory of it.</summary>
    public static readonly TimeSpan TooRecent = TimeSpan.FromSeconds(60);

    /// <summary>With fewer scenes kept, everything would be new.</summary>
    public const int LeastToJudge = 100;

    private const DegradedReasons NotToBeKept = DegradedReasons.WarmingUp | DegradedReasons.CameraMissing | DegradedReasons.CameraFrozen | DegradedReasons.CameraBlack;

    private readonly ModelManifest _manifest;
    private readonly IWorldRun _run;
    private readonly IEpisodicMemory? _store;
    private readonly EpisodeIndex? _index;
    private readonly NoveltyCalibration? _novelty;
    private readonly NoveltyTracker _tracker = new();
    private readonly string _drive;
    private readonly Pending[] _pending;
    private Timestamp? _last;
    private Timestamp? _lastSetAside;

    /// <param name="store">Null: there is no memory, and every forecast says so.</param>
    /// <param name="drive">What the scenes of this run are filed under.</param>
    public EpisodicMemory(ModelManifest manifest, IWorldRun run, IEpisodicMemory? store, string drive)
    {
        _manifest = manifest;
        _run = run;
        _store = store;
        _drive = drive;
        _novelty = manifest.Calibration.Novelty;
        _pending = new Pending[(int)Math.Ceiling(Followed / Spacing) + 1];
        for (var i = 0; i < _pending.Length; i++)
        {
            _pending[i] = new Pending(manifest.Shapes.Descriptor);
        }

        if (store is not null)
        {
            _index = new EpisodeIndex(store.Capacity, manifest.Shapes.Descriptor);
            _index.Restore(store.Recall());
        }
    }

    /// <summary>Scenes kept.</summary>
    public int Count => _index?.Count ?? 0;

    /// <summary>Scenes that were not kept beyond the process.</summary>
    public long Dropped => _store?.Dropped ?? 0;

    /// <summary>Writes what is known of the scene that the run has just remembered.</summary>
    public void Tell(SceneForecast forecast)
    {
        forecast.SeenBefore = LookUp(forecast);
        forecast.Reasons |= forecast.SeenBefore.IsNew ? DegradedReasons.NewScene : 0;
        forecast.Episodes = (Count, Dropped);
    }

    /// <summary>Learns what followed earlier scenes from a forecast that has been judged, and sets its scene aside when one is due.</summary>
    public void Note(SceneForecast forecast)
    {
        if (_index is null)
        {
            return;
        }

        var now = forecast.Reference;
        if (_last is { } last && (now <= last || now - last > _manifest.LargestGap))
        {
            Forget(); // nobody knows what followed
        }

        _last = now;
        var risk = forecast.Probability[_manifest.LevelHorizonFor(forecast.EgoOrigin)];
        foreach (var pending in _pending)
        {
            if (pending.Waits)
            {
                pending.RiskPeak = Math.Max(pending.RiskPeak, risk);
                pending.RiskEvent |= forecast.Edge == AlarmEdge.Rising;
                (pending.Waits, pending.Known) = now - pending.Moment >= Followed ? (false, true) : (true, false);
            }
        }

        if ((forecast.Reasons & NotToBeKept) == 0 && (_lastSetAside is not { } before || now - before >= Spacing))
        {
            SetAside(now, risk);
        }
    }

    /// <summary>Keeps the scenes of which it is known by now what followed: what can wait until the forecast has left.</summary>
    public void Reflect()
    {
        foreach (var pending in _pending)
        {
            if (pending.Known)
            {
                Keep(pending);
            }
        }
    }

    private SeenBefore LookUp(SceneForecast forecast)
    {
        var isNew = _tracker.IsNew;
        if (_index is null)
        {
            return SeenBefore.Nothing(SeenBeforeGap.Off, isNew);
        }

        if ((forecast.Reasons & DegradedReasons.WarmingUp) != 0)
        {
            return SeenBefore.Nothing(SeenBeforeGap.WarmingUp, isNew);
        }

        var threshold = (float)(_novelty?.Similarity ?? double.PositiveInfinity);
        var match = _index.Search(_run.Descriptor, threshold, (forecast.Reference - TooRecent).Nanoseconds);
        if (match.Slot < 0)
        {
            return SeenBefore.Nothing(_index.Count == 0 || match.Candidates == 0 ? SeenBeforeGap.NothingKept : SeenBeforeGap.NoDescriptor, isNew);
        }

        if (_novelty is not null && match.Candidates >= LeastToJudge)
        {
            _tracker.See(match.Similarity, _novelty);
        }

        var nearest = _index[match.Slot];
        return new SeenBefore(
            SeenBeforeGap.None, match.Similarity, match.Candidates, _novelty is null ? -1 : match.Alike, match.Events, match.Alike == 0 ? float.NaN : (float)(match.RiskPeakSum / match.Alike),
            nearest.Drive, nearest.Moment, nearest.RiskPeak, nearest.RiskEvent, _tracker.IsNew);
    }

    private void SetAside(Timestamp now, float risk)
    {
        foreach (var pending in _pending)
        {
            if (!pending.Waits && !pending.Known)
            {
                (pending.Waits, pending.Moment, pending.RiskPeak, pending.RiskEvent) = (true, now, risk, false);
                _run.Descriptor.CopyTo(pending.Descriptor);
                _lastSetAside = now;
                return;
            }
        }
    }

    private void Keep(Pending pending)
    {
        pending.Known = false;
        var facts = new EpisodeFacts(_drive, pending.Moment, pending.RiskPeak, pending.RiskEvent);
        var slot = _index!.Add(pending.Descriptor, facts);
        if (slot >= 0)
        {
            _store!.Keep(slot, facts, pending.Descriptor); // which counts those that it cannot take
        }
    }

    private void Forget()
    {
        foreach (var pending in _pending)
        {
            pending.Waits = false;
        }

        _lastSetAside = null;
    }

    /// <summary>A scene whose next seconds are not over.</summary>
    private sealed class Pending(int dimension)
    {
        public float[] Descriptor { get; } = new float[dimension];

        public bool Waits { get; set; }

        /// <summary>What followed: all but the keeping is done.</summary>
        public bool Known { get; set; }

        public Timestamp Moment { get; set; }

        public float RiskPeak { get; set; }

        public bool RiskEvent { get; set; }
    }
}
