using System.Globalization;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.WhatIf;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>Plan requests, good and hostile, without a broker; candidates have two steps here.</summary>
public sealed class PlanRequestTests
{
    private const string Good = """{"schema":"forecast.v1","id":"q1","deadline_ms":80.5,"extra":[{"a":1}],"candidates":[{"accelerations_mps2":[1,-2.5],"curvatures_1pm":[0.01,0]},{"curvatures_1pm":[0,0],"accelerations_mps2":[-30,30]}]}""";

    private static readonly JsonParser Lenient = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private readonly PlanRequestValues _values = new(steps: 2);

    [Fact]
    public void Read_GoodJson_EveryField()
    {
        Assert.Null(Read(Encoding.UTF8.GetBytes(Good)));

        Assert.Equal(("q1", 80.5, 2), (_values.Id, _values.DeadlineMs, _values.Candidates));
        Assert.Equal([1, 0.01f, -2.5f, 0, -30, 0, 30, 0], _values.Controls.ToArray());
    }

    [Fact]
    public void Read_TheSameInProtobuf_TheSame()
    {
        var message = Lenient.Parse<Proto.PlanRequest>(Good);

        Assert.Null(Read(message.ToByteArray()));

        Assert.Equal(("q1", 80.5, 2), (_values.Id, _values.DeadlineMs, _values.Candidates));
        Assert.Equal([1, 0.01f, -2.5f, 0, -30, 0, 30, 0], _values.Controls.ToArray());
    }

    [Theory]
    [InlineData("{", PlanOutcome.Malformed)]
    [InlineData("{}", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":"50","candidates":[]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":{}}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[1]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{}]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1],"curvatures_1pm":[0]}]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,1,1],"curvatures_1pm":[0,0]}]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,"1"],"curvatures_1pm":[0,0]}]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,NaN],"curvatures_1pm":[0,0]}]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"id":"\ud800","candidates":[]}""", PlanOutcome.Malformed)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,1e999],"curvatures_1pm":[0,0]}]}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,30.1],"curvatures_1pm":[0,0]}]}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"deadline_ms":50,"candidates":[{"accelerations_mps2":[1,1],"curvatures_1pm":[0,-0.21]}]}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"deadline_ms":0.5,"candidates":[{"accelerations_mps2":[1,1],"curvatures_1pm":[0,0]}]}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"deadline_ms":2001,"candidates":[{"accelerations_mps2":[1,1],"curvatures_1pm":[0,0]}]}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"id":7,"deadline_ms":50}""", PlanOutcome.OutOfRange)]
    [InlineData("""{"schema":"forecast.v2","deadline_ms":50}""", PlanOutcome.UnknownVersion)]
    [InlineData("""{"schema":2}""", PlanOutcome.UnknownVersion)]
    public void Read_Hostile_RefusedWithItsReason(string json, PlanOutcome outcome) => Assert.Equal(outcome, Read(Encoding.UTF8.GetBytes(json))?.Outcome);

    [Fact]
    public void Read_SeventeenCandidates_TooMany()
    {
        var candidates = string.Join(',', Enumerable.Repeat("""{"accelerations_mps2":[1,1],"curvatures_1pm":[0,0]}""", 17));

        Assert.Equal(PlanOutcome.TooManyCandidates, Read(Encoding.UTF8.GetBytes($$"""{"deadline_ms":50,"candidates":[{{candidates}}]}"""))?.Outcome);
        var message = new Proto.PlanRequest { DeadlineMs = 50 };
        message.Candidates.Add(Enumerable.Repeat(new Proto.PlanCandidate { AccelerationsMps2 = { 1, 1 }, Curvatures1Pm = { 0, 0 } }, 17));
        Assert.Equal(PlanOutcome.TooManyCandidates, Read(message.ToByteArray())?.Outcome);
    }

    [Fact]
    public void Read_IdTooLong_OutOfRange() =>
        Assert.Equal(PlanOutcome.OutOfRange, Read(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{new string('x', 65)}}"}""")))?.Outcome);

    [Fact]
    public void Read_NestedBeyondReason_RefusedAndNotThrown() => Assert.NotNull(Read(Encoding.UTF8.GetBytes("""{"candidates":[{"a":""" + new string('[', 8000))));

    [Fact]
    public void Read_EveryTruncation_Refused()
    {
        var json = Encoding.UTF8.GetBytes(Good);
        for (var length = 0; length < json.Length; length++)
        {
            Assert.NotNull(Read(json.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Read_RandomAndSpoiltBytes_NeverThrowsAndNeverTakesWhatIsOutOfBounds()
    {
        var random = new Random(20261123);
        byte[][] seeds = [Encoding.UTF8.GetBytes(Good), Lenient.Parse<Proto.PlanRequest>(Good).ToByteArray()];
        var noise = new byte[96];
        var taken = 0;
        for (var i = 0; i < 60_000; i++)
        {
            Span<byte> payload;
            if (i % 3 == 0)
            {
                random.NextBytes(noise);
                payload = noise.AsSpan(0, random.Next(noise.Length));
            }
            else
            {
                payload = (byte[])seeds[i % 2].Clone();
                for (var spoil = random.Next(1, 4); spoil > 0; spoil--)
                {
                    payload[random.Next(payload.Length)] = (byte)random.Next(256);
                }
            }

            if (Read(payload) is null)
            {
                taken++;
                Assert.InRange(_values.Candidates, 1, PlanRequest.MostCandidates);
                Assert.InRange(_values.DeadlineMs!.Value, 1, 2000);
                Assert.True(_values.Id.Length <= 64);
                foreach (var value in _values.Controls)
                {
                    Assert.InRange(value, -30, 30);
                }
            }
        }

        Assert.True(taken > 100, "the seeds are spoilt beyond use: this tests nothing");
    }

    [Theory]
    [InlineData("forecast/v1/car/plan/response/planner-1", true)]
    [InlineData("forecast/v1/car/plan/response/car.processor_2", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("forecast/v1/car/plan/response/", false)]
    [InlineData("forecast/v1/car/plan/response/a/b", false)]
    [InlineData("forecast/v1/car/plan/response/+", false)]
    [InlineData("forecast/v1/car/plan/response/#", false)]
    [InlineData("forecast/v1/car/plan/response/a\0b", false)]
    [InlineData("forecast/v1/other/plan/response/planner", false)]
    [InlineData("forecast/v1/car/risk", false)]
    [InlineData("$SYS/x", false)]
    public void IsResponseTopic_OnlyOneNameBelowThisVehiclesAnswers(string? topic, bool taken) =>
        Assert.Equal(taken, MqttPlanRequests.IsResponseTopic(topic, "forecast/v1/car/plan/response/"));

    private PlanRefusal? Read(ReadOnlySpan<byte> payload)
    {
        _values.Clear();
        return (VehicleJson.LooksLikeJson(payload) ? PlanRequestJson.Read(payload, _values) : PlanRequestProtobuf.Read(payload, _values)) ?? _values.Check();
    }
}
