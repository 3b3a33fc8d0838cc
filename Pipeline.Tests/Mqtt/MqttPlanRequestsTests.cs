using System.Collections.Concurrent;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.WhatIf;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>Requests and answers through a real broker; the journey is driven by hand, and its time stands at 1,000 s.</summary>
[Collection(BrokerTests.Name)]
public sealed class MqttPlanRequestsTests : IDisposable
{
    private const double NowMs = 1_000_000;
    private const string Request = """{"id":"q1","deadline_ms":500,"candidates":[{"accelerations_mps2":[-4,-4,-4,-4,-4],"curvatures_1pm":[0,0,0,0,0]},{"accelerations_mps2":[2,2,2,2,2],"curvatures_1pm":[0,0,0,0,0]}]}""";

    private readonly JourneyRig _rig = new(answers: new AnswerCost([TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero]));
    private readonly string _topicBase;
    private readonly MqttConnection _connection;
    private readonly MqttConnection _asker;
    private readonly MqttPlanRequests _requests;
    private readonly MqttPlanAnswers _answers;
    private readonly ConcurrentQueue<(Proto.PlanResponse Message, string Correlation)> _heard = new();

    public MqttPlanRequestsTests(BrokerFixture fixture)
    {
        var clock = new RigClock(new TestTimeProvider());
        _topicBase = fixture.NewBase();
        _connection = fixture.NewConnection();
        _asker = fixture.NewConnection();
        var encoder = new ForecastEncoder(_rig.Manifest, _rig.Rig, new MessageIdentity("car", Guid.NewGuid(), SourceKind.Live, "unix", "cpu", new string('0', 64), "0"), MessageEncoding.Json);
        _answers = new MqttPlanAnswers(_connection, Desk, encoder, clock);
        _requests = new MqttPlanRequests(_connection, _topicBase, Desk, clock);
        _asker.Subscribe(_topicBase + "plan/response/planner", 1, (in MqttMessage message) =>
            _heard.Enqueue((JsonParser.Default.Parse<Proto.PlanResponse>(Encoding.UTF8.GetString(message.Payload)), Encoding.UTF8.GetString(message.CorrelationData()))));
        for (var tick = 0; tick <= 10; tick++)
        {
            _rig.TickAndReturn(NowMs - 1000 + (tick * 100));
        }

        _connection.Start();
        _asker.Start();
        Eventually.True(() => _connection.IsConnected && _asker.IsConnected, "not connected");
        var probe = Topic(response: null);
        Eventually.True(() => { Publish(probe, "x"); Thread.Sleep(20); return Counted > 0; }, "not subscribed");
        Eventually.True(() => { var seen = Counted; Thread.Sleep(50); return seen == Counted; }, "the probes do not end");
    }

    private PlanDesk Desk => _rig.Parts.Desk!;

    private long Counted => Enum.GetValues<PlanOutcome>().Sum(outcome => Desk.Counts[outcome]);

    public void Dispose()
    {
        _requests.Dispose();
        _answers.Dispose();
        _asker.Dispose();
        _connection.Dispose();
    }

    [Fact]
    public void Request_Good_IsAnsweredOnItsTopicWithItsCorrelationData()
    {
        Publish(Topic("planner"), Request);
        Eventually.True(() => _rig.Journey.TryAnswer(JourneyRig.At(NowMs + 50)), "no request came");
        _rig.Journey.Answered(JourneyRig.At(NowMs + 50));

        var (answer, correlation) = Heard();
        Assert.Equal(("q1", "c1"), (answer.RequestId, correlation));
        Assert.Equal(Proto.PlanOutcome.Answered, answer.Outcome);
        Assert.Equal(2, answer.Candidates.Count);
        Assert.Equal([0u, 1u], answer.Ranking);
        Assert.True(answer.DeadlineMet);
        Assert.Equal(10u, answer.Envelope.FrameSet.Tick);
    }

    [Fact]
    public void Request_Malformed_IsToldWhyAndAsksNoModel()
    {
        Publish(Topic("planner"), "{\"id\":\"q2\",\"deadline_ms\":50}");

        var (answer, correlation) = Heard();
        Assert.Equal(("q2", "c1", Proto.PlanOutcome.Malformed), (answer.RequestId, correlation, answer.Outcome));
        Assert.Contains("candidates are missing", answer.Detail, StringComparison.Ordinal);
        Assert.Empty(_rig.Run.Candidates!.Imagined);
    }

    [Fact]
    public void Request_Oversized_IsNotRead()
    {
        Publish(Topic("planner"), "{\"id\":\"" + new string('x', MqttPlanRequests.LargestMessage) + "\"}");

        Assert.Equal(Proto.PlanOutcome.TooLarge, Heard().Message.Outcome);
    }

    [Fact]
    public void Request_AnswerWantedElsewhere_IsCountedAndNothingIsSaid()
    {
        var elsewhere = _asker.CreateTopic(_topicBase + "plan/request", 1, retain: false, new MqttProperties { ResponseTopic = _topicBase + "risk" });
        Publish(elsewhere, Request);
        Publish(Topic(response: null), Request);

        Eventually.True(() => Desk.Counts[PlanOutcome.ResponseTopic] == 2, "not counted");
        Assert.False(_rig.Journey.TryAnswer(JourneyRig.At(NowMs + 50)));
        Assert.Empty(_heard);
    }

    [Fact]
    public void Request_Flood_IsReadAndRefusedAtItsRateAndTheRestOnlyCounted()
    {
        const int Flood = 500;
        var before = Counted;
        var topic = Topic("planner");
        for (var i = 0; i < Flood; i++)
        {
            Publish(topic, "{}");
        }

        Eventually.True(() => Counted == before + Flood, "not all came");
        Assert.True(Desk.Counts[PlanOutcome.RateLimited] >= Flood - MqttPlanRequests.PerSecond);
        Thread.Sleep(100);
        Assert.InRange(_heard.Count, 0, MqttPlanRequests.PerSecond);
        Assert.Equal(0, _connection.HandlerFailures);
        Assert.Empty(_rig.Run.Candidates!.Imagined);
    }

    private MqttTopic Topic(string? response) => _asker.CreateTopic(_topicBase + "plan/request", 1, retain: false, new MqttProperties
    {
        ResponseTopic = response is null ? null : _topicBase + "plan/response/" + response,
        CorrelationData = "c1"u8.ToArray(),
    });

    private void Publish(MqttTopic topic, string payload) =>
        Eventually.True(() => _asker.Publish(topic, Encoding.UTF8.GetBytes(payload)) == PublishResult.Taken, "the broker takes no more");

    private (Proto.PlanResponse Message, string Correlation) Heard()
    {
        (Proto.PlanResponse, string) heard = default;
        Eventually.True(() => _heard.TryDequeue(out heard), "no answer came");
        return heard;
    }
}
