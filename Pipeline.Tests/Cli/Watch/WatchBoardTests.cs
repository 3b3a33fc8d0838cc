using System.Text;
using System.Text.Json;
using Forecast.Cli.Watch;

namespace Forecast.Pipeline.Tests.Cli.Watch;

/// <summary>The subscriber's rule, with time moved by hand: past its validity, or silent for three periods or 0.5 s, a forecast is gone.</summary>
public sealed class WatchBoardTests
{
    private const string Topic = "forecast/v1/car/risk";

    private readonly TestTimeProvider _time = new();
    private readonly WatchBoard _board;
    private ulong _sequence;

    public WatchBoardTests() => _board = new WatchBoard(_time);

    [Fact]
    public void Lines_FreshForecast_ShowsAllOfIt()
    {
        Send(Risk());

        Assert.Equal("00:16:40 car  HIGH ALARM  p 0.710 within 2 s  ttc 1.4 s  degraded(calibration_assumed,ego_estimated)  age 63 ms  rung 16", Line());
    }

    [Fact]
    public void Lines_PastItsValidity_ShowsNoForecast()
    {
        Send(Risk(ttlMs: 137));

        Advance(136);
        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
        Advance(1);
        Assert.Equal("00:16:40 car  no forecast: past its validity", Line());
    }

    [Fact]
    public void Lines_SilentForHalfASecond_ShowsNoForecastThoughStillValid()
    {
        Send(Risk(ttlMs: 60_000));

        Advance(500);
        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
        Advance(1);
        Assert.Equal("00:16:40 car  no forecast: silent for 0.5 s", Line());
        Advance(2000);
        Assert.Equal("00:16:42 car  no forecast: silent for 2.5 s", Line());
    }

    [Fact]
    public void Lines_PeriodSeenInTheMessages_ThreeOfItAreTheLimit()
    {
        Send(Risk(tick: 10, referenceNs: 1_000_000_000, ttlMs: 60_000));
        Advance(100);
        Send(Risk(tick: 12, referenceNs: 1_200_000_000, ttlMs: 60_000));

        Advance(300);
        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
        Advance(1);
        Assert.Contains("no forecast: silent for 0.3 s", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_SilenceLimitOfTheStatus_IsKept()
    {
        Send(Status("one", "ONLINE", silenceLimit: 0.15), "forecast/v1/car/status", retained: true);
        Send(Risk(ttlMs: 60_000));

        Advance(150);
        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
        Advance(1);
        Assert.Contains("no forecast: silent", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_SilenceLimitOfTheStatusIsLongerThanTheRule_TheRuleStands()
    {
        Send(Status("one", "ONLINE", silenceLimit: 30), "forecast/v1/car/status", retained: true);
        Send(Risk(ttlMs: 60_000));

        Advance(501);
        Assert.Contains("no forecast: silent", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_MessagesComeAgain_TheForecastIsBackAndTheLossCounted()
    {
        Send(Risk());
        Advance(5000);
        _sequence += 3;
        Send(Risk());

        Assert.EndsWith("rung 16  lost 3", Line(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("STALE", "stale (deadline_missed)")]
    [InlineData("INVALID", "invalid (deadline_missed)")]
    [InlineData("UNSPECIFIED", "unspecified (deadline_missed)")]
    public void Lines_MessageThatIsNoForecast_ShowsNone(string validity, string expected)
    {
        Send(Risk(validity: validity, reasons: "\"deadline_missed\""));

        Assert.Equal($"00:16:40 car  no forecast: {expected}", Line());
    }

    [Fact]
    public void Lines_ValidityWithoutAnEnd_ShowsNoForecast()
    {
        Send(Risk().Replace("\"ttl_ms\":150,", "\"ttl_ms_reason\":\"model_failed\",", StringComparison.Ordinal));

        Assert.Contains("no forecast: past its validity", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_LevelThatIsNotThere_IsUnknownAndNeverLow()
    {
        Send(Risk().Replace("RISK_LEVEL_HIGH", "RISK_LEVEL_UNSPECIFIED", StringComparison.Ordinal));

        Assert.Contains("car  UNKNOWN", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void OnMessage_SameSequenceAgain_DoesNotMakeItYounger()
    {
        var message = Risk();
        Send(message);
        Advance(400);
        Send(message);
        Advance(101);

        Assert.Contains("no forecast: silent for 0.5 s", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void OnMessage_RetainedRisk_IsTooOldToCount()
    {
        Send(Risk(), retained: true);

        Assert.Empty(_board.Lines());
    }

    [Fact]
    public void OnMessage_Offline_EndsTheForecastAtOnce()
    {
        Send(Risk());
        Send(Status("one", "OFFLINE", reason: "last_will"), "forecast/v1/car/status");

        Assert.Equal("00:16:40 car  no forecast: offline (last_will)", Line());
    }

    [Fact]
    public void OnMessage_LateLastWillOfAnOldSession_IsIgnored()
    {
        Send(Risk(session: "one"));
        Send(Risk(session: "two"));
        Send(Status("one", "OFFLINE", reason: "last_will"), "forecast/v1/car/status");

        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void OnMessage_NewSessionAfterOffline_CountsAgain()
    {
        Send(Status("one", "OFFLINE"), "forecast/v1/car/status", retained: true);
        Assert.Contains("no forecast: offline", Line(), StringComparison.Ordinal);

        Send(Risk(session: "two"));

        Assert.Contains("HIGH", Line(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not the JSON of a risk message")]
    [InlineData("{\"envelope\":", "not the JSON of a risk message")]
    [InlineData("[1]", "no envelope with a session")]
    [InlineData("{\"envelope\":{\"session\":\"s\",\"schema\":\"forecast.v2\"}}", "another schema than forecast.v1")]
    [InlineData("{\"envelope\":{\"session\":\"s\",\"schema\":\"forecast.v1\"}}", "no sequence")]
    [InlineData("{\"envelope\":7}", "not the JSON of a risk message")]
    public void OnMessage_Unreadable_TakesTheForecastAwayAndSaysWhy(string payload, string expected)
    {
        Send(Risk());
        Send(payload);

        Assert.Equal($"00:16:40 car  no forecast: {expected}", Line());
    }

    [Fact]
    public void OnMessage_Protobuf_SaysHowToReadIt()
    {
        _board.OnMessage(Topic, new byte[] { 1, 2, 3 }, isJson: false, retained: false);

        Assert.Contains("no forecast: it speaks protobuf", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_TextThatATerminalWouldObey_IsDisarmed()
    {
        Send(Risk(reasons: "\"\\u001b[2J\""), "forecast/v1/ca\er/risk");

        Assert.DoesNotContain('\e', Line());
    }

    [Fact]
    public void Lines_VehiclesAndRuns_AreALineEach()
    {
        Send(Risk(), "forecast/v1/car/risk");
        Send(Risk(), "forecast/replay/v1/car/run-1/risk");
        Send(Risk(), "forecast/v1/car/scene");
        Send(Risk(), "forecast/v1/car/risk/event");
        Send(Risk(), "elsewhere/car/risk");

        Assert.Equal(["car", "car/run-1"], _board.Lines().Select(line => line.Split(' ')[1]));
    }

    [Fact]
    public void JsonLines_ForecastAndNone_HaveTheSameFields()
    {
        Send(Risk());
        using var there = JsonDocument.Parse(Assert.Single(_board.JsonLines()));
        Advance(5000);
        using var gone = JsonDocument.Parse(Assert.Single(_board.JsonLines()));

        Assert.Equal(there.RootElement.EnumerateObject().Select(field => field.Name), gone.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal(0.71, there.RootElement.GetProperty("probability").GetDouble());
        Assert.Equal(JsonValueKind.Null, gone.RootElement.GetProperty("probability").ValueKind);
        Assert.False(gone.RootElement.GetProperty("forecast").GetBoolean());
        Assert.Equal("unknown", gone.RootElement.GetProperty("level").GetString());
    }

    private void Advance(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    private void Send(string json, string topic = Topic, bool retained = false) => _board.OnMessage(topic, Encoding.UTF8.GetBytes(json), isJson: true, retained);

    private string Line() => Assert.Single(_board.Lines());

    private string Risk(
        string session = "one",
        string validity = "DEGRADED",
        string reasons = "\"calibration_assumed\",\"ego_estimated\"",
        double ttlMs = 150,
        int tick = 120,
        long referenceNs = 13_000_000_000) =>
        $$"""
        {"envelope":{"schema":"forecast.v1","session":"{{session}}","sequence":"{{_sequence++}}","ttl_ms":{{ttlMs}},"validity":"VALIDITY_{{validity}}",
        "validity_reasons":[{{reasons}}],"frame_set":{"tick":"{{tick}}","reference_time_ns":"{{referenceNs}}","age_ms":63.2,"rung":16} },
        "horizons":[{"horizon_s":1,"probability":0.4},{"horizon_s":2,"probability":0.71}],"level":"RISK_LEVEL_HIGH","level_horizon_s":2,
        "alarm":{"event_id":"e"},"time_to_collision_s":1.4}
        """;

    private static string Status(string session, string state, string reason = "", double? silenceLimit = null) =>
        $$"""
        {"envelope":{"schema":"forecast.v1","session":"{{session}}"},"state":"STATUS_STATE_{{state}}","reason":"{{reason}}"{{(silenceLimit is null ? "" : $",\"silence_limit_s\":{silenceLimit}")}} }
        """;
}
