using System.Buffers;
using System.Text;
using Forecast.Adapters.Dashboard;

namespace Forecast.Pipeline.Tests.Dashboard;

public sealed class EventHistoryTests
{
    [Fact]
    public void Read_AfterManyMore_GivesTheNewestWholeAndSaysWhatIsMissed()
    {
        const int Room = 4096;
        var history = new EventHistory(mostEvents: 16, Room);
        history.Begin("r1");
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            history.Add("tick", Encoding.UTF8.GetBytes($"{{\"n\":{i},\"fill\":\"{new string('x', random.Next(900))}\"}}"));
            var (text, missed) = ReadAll(history, new HistoryCursor("r1", 0));
            var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.InRange(events.Length, 1, 16);
            Assert.InRange(text.Length, 1, Room);
            Assert.Equal(i + 1, missed + events.Length);
            Assert.StartsWith($"id: r1.{i}\nevent: tick\ndata: {{\"n\":{i},", events[^1]);
            Assert.All(events, one => Assert.EndsWith("\"}", one));
        }
    }

    [Fact]
    public void Add_LargerThanAllTheRoom_IsLeftOut()
    {
        var history = new EventHistory(4, 256);
        history.Begin("r");
        history.Add("tick", "{}"u8);
        history.Add("tick", new byte[300]);

        Assert.Equal(1, history.Count);
        Assert.Equal("id: r.0\nevent: tick\ndata: {}\n\n", ReadAll(history, new HistoryCursor("r", 0)).Text);
    }

    [Fact]
    public void Open_AfterTheStreamWasLost_GoesOnWhereItWas()
    {
        var history = new EventHistory(8, 1024);
        history.Begin("r");
        history.AddStanding(0, "hello", "{}"u8);
        history.Add("tick", "1"u8);
        history.Add("tick", "2"u8);
        var told = new ArrayBufferWriter<byte>();

        var cursor = history.Open("r.1", told);
        Assert.Equal("event: hello\ndata: {}\n\n", Encoding.UTF8.GetString(told.WrittenSpan));
        Assert.Equal("id: r.2\nevent: tick\ndata: 2\n\n", ReadAll(history, cursor).Text);
        Assert.Equal(0, history.Open("another.1", told).Next);
        Assert.Equal(0, history.Open("r.-5", told).Next);
        Assert.Equal(0, history.Open("r.999999999999999999999", told).Next);
    }

    [Fact]
    public void Begin_WhileAPageReads_BeginsItAnew()
    {
        var history = new EventHistory(8, 1024);
        history.Begin("first");
        history.Add("tick", "1"u8);
        var cursor = new HistoryCursor("first", 1);
        history.Begin("second");
        history.AddStanding(0, "hello", "{}"u8);
        history.Add("tick", "2"u8);

        var (text, _) = ReadAll(history, cursor);
        Assert.StartsWith("event: hello\n", text);
        Assert.EndsWith("data: 2\n\n", text);
        Assert.DoesNotContain("first", text);
    }

    private static (string Text, long Missed) ReadAll(EventHistory history, HistoryCursor cursor)
    {
        var into = new ArrayBufferWriter<byte>();
        var missed = 0L;
        for (var before = -1; into.WrittenCount != before;)
        {
            before = into.WrittenCount;
            cursor = history.Read(cursor, into, 64, out var more);
            missed += more;
        }

        return (Encoding.UTF8.GetString(into.WrittenSpan), missed);
    }
}
