using System.Buffers;
using System.Text;
using System.Text.Json;
using Forecast.Adapters.Dashboard;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Dashboard;

public sealed class DashboardSinkTests : IDisposable
{
    private readonly HeldTime _time = new();
    private readonly RigClock _clock = new(new TestTimeProvider());
    private readonly Ledger _ledger = new(3);
    private readonly DashboardFeed _feed;
    private readonly DashboardRun _run;
    private readonly DashboardSink _sink;

    public DashboardSinkTests()
    {
        _feed = new DashboardFeed(_time);
        _run = DashboardRun.Of(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, _clock.Now, TimeSpan.FromSeconds(0.1), "a <drive>", "live", depth: 4);
        _feed.Begin(_run);
        _sink = new DashboardSink(_feed, ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, _clock, _ledger);
    }

    public void Dispose()
    {
        _time.Release();
        _sink.Dispose();
        _feed.Dispose();
    }

    [Fact]
    public void Publish_AForecast_GivesTheMessagesTheLedgerAndThePicturesOfItsFrames()
    {
        for (var frame = 0; frame < 103; frame++)
        {
            _run.Shelves[0].Put(new byte[128 * 64 * 3]);
        }

        _ledger.SetFormed();
        _ledger.SetDropped(DropReason.SinkAway);
        _ledger.FrameCaptured(1);
        Assert.Equal(SinkResult.Taken, _sink.Publish(ForecastSamples.Complete()));

        var tick = Assert.Single(Ticks(1));
        Assert.Equal("RISK_LEVEL_HIGH", tick.GetProperty("risk").GetProperty("level").GetString());
        Assert.Equal(16, tick.GetProperty("plan").GetProperty("manoeuvres").GetArrayLength());
        Assert.Equal("42", tick.GetProperty("scene").GetProperty("envelope").GetProperty("frame_set").GetProperty("tick").GetString());
        Assert.Equal(["risk/event", "surprise/event"], tick.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("topic").GetString()));
        var note = tick.GetProperty("note");
        Assert.Equal(30_000, note.GetProperty("dispatched_us").GetInt32());
        Assert.Equal(1, note.GetProperty("sets").GetProperty("dropped").GetProperty("sink_away").GetInt32());
        Assert.Equal(0, note.GetProperty("sets").GetProperty("in_flight").GetInt32());
        Assert.Equal(1, note.GetProperty("frames")[1].GetProperty("in_flight").GetInt32());
        var picture = Assert.Single(tick.GetProperty("pictures").EnumerateArray()); // of the frame that was used; the other cameras have put none
        Assert.Equal((0, 100), (picture.GetProperty("camera").GetInt32(), picture.GetProperty("frame").GetInt32()));
        Assert.Equal([0xFF, 0xD8], Convert.FromBase64String(picture.GetProperty("jpeg").GetString()!)[..2]);
    }

    [Fact]
    public void Publish_WhileTheFeedIsHeld_TakesAllKeepsTheNewestAndCounts()
    {
        _time.Hold();
        for (var tick = 0; tick < 20; tick++)
        {
            var forecast = ForecastSamples.Complete();
            forecast.Tick = tick;
            Assert.Equal(SinkResult.Taken, _sink.Publish(forecast)); // and does not wait
            if (tick == 0)
            {
                _time.WaitUntilHeld();
            }
        }

        _time.Release();
        var ticks = Ticks(4).Select(tick => tick.GetProperty("note").GetProperty("tick").GetInt32()).ToList();
        Assert.Equal([0, 17, 18, 19], ticks);
        Assert.Equal(16, _feed.Dropped);
    }

    [Fact]
    public void Put_OlderThanTheShelfIsDeep_IsNoLongerThere()
    {
        var shelf = new PictureShelf(pictureBytes: 2, depth: 3);
        var picture = new byte[2];
        Assert.Equal(-1, shelf.TryTake(-1, picture));
        for (byte frame = 0; frame < 5; frame++)
        {
            shelf.Put([frame, frame]);
        }

        Assert.Equal((-1L, 2L, 4L, -1L), (shelf.TryTake(1, picture), shelf.TryTake(2, picture), shelf.TryTake(-1, picture), shelf.TryTake(5, picture)));
        Assert.Equal([4, 4], picture);
    }

    /// <summary>Waits for so many ticks and reads them as any JSON reader does.</summary>
    private List<JsonElement> Ticks(int count)
    {
        var ticks = new List<JsonElement>();
        Assert.True(SpinWait.SpinUntil(() => (ticks = Read()).Count >= count, TimeSpan.FromSeconds(10)), $"{ticks.Count} ticks of {count}");
        return ticks;
    }

    private List<JsonElement> Read()
    {
        var text = new ArrayBufferWriter<byte>();
        _feed.History.Read(new HistoryCursor(_run.Id, 0), text, int.MaxValue, out _);
        return [.. Encoding.UTF8.GetString(text.WrittenSpan).Split("\n\n").Where(one => one.Contains("\nevent: tick\n"))
            .Select(one => JsonDocument.Parse(one[(one.IndexOf("\ndata: ", StringComparison.Ordinal) + 7)..]).RootElement)];
    }

    /// <summary>Whoever asks for the time waits while it is held.</summary>
    private sealed class HeldTime : TimeProvider
    {
        private readonly ManualResetEventSlim _free = new(true);
        private readonly ManualResetEventSlim _waits = new(false);

        public override DateTimeOffset GetUtcNow()
        {
            if (!_free.IsSet)
            {
                _waits.Set();
                _free.Wait();
            }

            return DateTimeOffset.UnixEpoch;
        }

        public void Hold() => _free.Reset();

        public void WaitUntilHeld() => Assert.True(_waits.Wait(TimeSpan.FromSeconds(10)));

        public void Release() => _free.Set();
    }
}
