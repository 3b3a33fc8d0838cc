using System.Globalization;
using System.Text;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Adapters.Dashboard;

/// <summary>
/// The dashboard's place among the sinks, after MQTT: the same messages as JSON, and what no message says of a single tick, its stages and
/// the ledger. It copies and goes; pictures and pages are the feed's.
/// </summary>
public sealed class DashboardSink : IForecastSink
{
    private static readonly byte[][] StageNames = [.. Enum.GetNames<Stage>().Select(name => Encoding.UTF8.GetBytes(name.ToLowerInvariant()))];
    private static readonly byte[][] DropNames = [.. Enum.GetNames<DropReason>().Select(CodeOf)];

    private readonly DashboardFeed _feed;
    private readonly ForecastEncoder _ticks;
    private readonly ForecastEncoder _reports;
    private readonly RigClock _clock;
    private readonly Ledger _ledger;
    private readonly LedgerCopy _counts;
    private readonly Lock _reportGate = new();
    private long _sequence;
    private long _reported;

    public DashboardSink(DashboardFeed feed, ModelManifest manifest, Rig rig, MessageIdentity identity, RigClock clock, Ledger ledger)
    {
        _feed = feed;
        _clock = clock;
        _ledger = ledger;
        _counts = new LedgerCopy(ledger.Cameras);
        _ticks = new ForecastEncoder(manifest, rig, identity, MessageEncoding.Json);
        _reports = new ForecastEncoder(manifest, rig, identity, MessageEncoding.Json);
    }

    public string Name => "dashboard";

    public SinkResult Publish(SceneForecast forecast)
    {
        var parcel = _feed.Rent();
        parcel.Clear();
        var stamp = new MessageStamp(_sequence++, _clock.Now);
        WriteNote(parcel.Note, forecast, stamp.PublishTime);
        parcel.Risk.Add(_ticks.Risk(forecast, stamp));
        parcel.Plan.Add(_ticks.Plan(forecast, stamp));
        parcel.Scene.Add(_ticks.Scene(forecast, stamp));
        WriteEvents(parcel.Events, forecast, stamp);
        for (var camera = 0; camera < Math.Min(forecast.Cameras.Length, parcel.Frames.Length); camera++)
        {
            parcel.Frames[camera] = forecast.Cameras[camera].Used ? forecast.Cameras[camera].FrameNumber : -1;
        }

        _feed.Hand(parcel);
        return SinkResult.Taken;
    }

    /// <summary>Once a second.</summary>
    public void PublishHealth(HealthReport report)
    {
        lock (_reportGate)
        {
            _feed.Report(health: true, _reports.Health(report, new MessageStamp(_reported++, _clock.Now)));
        }
    }

    /// <summary>Once a second.</summary>
    public void PublishLatency(LatencyReport report)
    {
        lock (_reportGate)
        {
            _feed.Report(health: false, _reports.Latency(report, new MessageStamp(_reported++, _clock.Now)));
        }
    }

    public bool Flush(TimeSpan limit) => true;

    public void Dispose()
    {
        _feed.End();
        _ticks.Dispose();
        _reports.Dispose();
    }

    /// <summary>All in milliseconds since the capture of the oldest frame but for the stages, which are lengths. Publishing is from judged until this sink's turn: MQTT's.</summary>
    private void WriteNote(EventText note, SceneForecast forecast, Timestamp now)
    {
        var from = forecast.CaptureFirst;
        note.Add("{\"tick\":"u8).Add(forecast.Tick);
        WriteUs(note.Add(",\"dispatched_us\":"u8), forecast.Dispatched, from);
        WriteUs(note.Add(",\"judged_us\":"u8), forecast.Judged, from);
        WriteUs(note.Add(",\"handed_us\":"u8), now, from);
        WriteUs(note.Add(",\"deadline_us\":"u8), forecast.Deadline, from);
        note.Add(",\"last_camera\":"u8).Add(forecast.Times.LastCamera).Add(",\"stages_us\":{"u8);
        for (var stage = 0; stage < StageTimes.Count; stage++)
        {
            var nanoseconds = (Stage)stage == Stage.Publish ? now.Nanoseconds - forecast.Judged.Nanoseconds : forecast.Times[(Stage)stage];
            note.Add(stage == 0 ? "\""u8 : ",\""u8).Add(StageNames[stage]).Add("\":"u8).Add(Math.Max(0, nanoseconds) / 1000);
        }

        _ledger.CopyTo(_counts);
        note.Add("},\"sets\":{\"due\":"u8).Add(_counts.Due).Add(",\"formed\":"u8).Add(_counts.Formed).Add(",\"published\":"u8).Add(_counts.Published);
        note.Add(",\"on_time\":"u8).Add(_counts.OnTime).Add(",\"in_flight\":"u8).Add(InFlight(_counts.Formed - _counts.Published, _counts.SetDrops));
        WriteDrops(note, _counts.SetDrops);
        note.Add("},\"frames\":["u8);
        for (var camera = 0; camera < _counts.Cameras.Length; camera++)
        {
            var counts = _counts.Cameras[camera];
            note.Add(camera == 0 ? "{\"captured\":"u8 : ",{\"captured\":"u8).Add(counts.Captured).Add(",\"used\":"u8).Add(counts.Used);
            note.Add(",\"in_flight\":"u8).Add(InFlight(counts.Captured - counts.Used, counts.Dropped));
            WriteDrops(note, counts.Dropped);
            note.Add("}"u8);
        }

        note.Add("]}"u8);
    }

    private void WriteEvents(EventText events, SceneForecast forecast, in MessageStamp stamp)
    {
        if (forecast.Edge != AlarmEdge.None && forecast.Alarm is not null)
        {
            events.Add("{\"topic\":\"risk/event\",\"message\":"u8).Add(_ticks.RiskEvent(forecast, stamp)).Add("}"u8);
        }

        if (forecast.SurpriseEdge != AlarmEdge.None && forecast.SurpriseEvent is not null)
        {
            events.Add(events.Length == 0 ? default : ","u8).Add("{\"topic\":\"surprise/event\",\"message\":"u8).Add(_ticks.SurpriseEvent(forecast, stamp)).Add("}"u8);
        }
    }

    private static void WriteUs(EventText note, Timestamp moment, Timestamp from) => note.Add((moment.Nanoseconds - from.Nanoseconds) / 1000);

    private static void WriteDrops(EventText note, long[] drops)
    {
        note.Add(",\"dropped\":{"u8);
        var any = false;
        for (var reason = 0; reason < drops.Length; reason++)
        {
            if (drops[reason] > 0)
            {
                note.Add(any ? ",\""u8 : "\""u8).Add(DropNames[reason]).Add("\":"u8).Add(drops[reason]);
                any = true;
            }
        }

        note.Add("}"u8);
    }

    private static long InFlight(long left, long[] drops)
    {
        foreach (var dropped in drops)
        {
            left -= dropped;
        }

        return left;
    }

    /// <summary>"PoolEmpty" to "pool_empty", as the messages have it.</summary>
    private static byte[] CodeOf(string name) =>
        Encoding.UTF8.GetBytes(string.Concat(name.Select((letter, i) => char.IsUpper(letter) && i > 0 ? "_" + letter : letter.ToString())).ToLower(CultureInfo.InvariantCulture));
}
