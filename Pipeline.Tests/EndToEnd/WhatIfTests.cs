using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`forecast demo` asked about manoeuvres by a vehicle's planner, on the demo's own broker.</summary>
[Collection(EndToEndTests.Name)]
public sealed class WhatIfTests : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<Proto.PlanResponse> _answers = new();
    private volatile Tuple<string, Proto.Plan>? _newest;

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker)]
    [Trait("Category", "Slow")]
    public void Demo_AskedAboutThePlansOwnManoeuvres_GivesThePlansOwnRisks()
    {
        using var demo = new ForecastProgram(_folder.Path, "demo", "--drive", "near-miss", "--metrics", "0", "--summary", "demo.json");
        using var planner = new MqttConnection(BrokerFixture.Options(demo.WaitForLine("broker on mqtt://", StartLimit).Split(' ')[2]));
        planner.Subscribe("forecast/replay/v1/+/+/plan", 0, (in MqttMessage message) =>
            _newest = Tuple.Create(Encoding.UTF8.GetString(message.Topic), JsonParser.Default.Parse<Proto.Plan>(Encoding.UTF8.GetString(message.Payload))));
        planner.Subscribe("forecast/replay/v1/+/+/plan/response/planner", 1, (in MqttMessage message) =>
            _answers.Enqueue(JsonParser.Default.Parse<Proto.PlanResponse>(Encoding.UTF8.GetString(message.Payload))));
        planner.Start();

        var asked = Ask(planner, demo);
        Assert.True(demo.WaitForExit(RunLimit) == 0, demo.ToString());
        Eventually.True(() => _answers.Any(answer => answer.Outcome == Proto.PlanOutcome.Malformed), "rubbish was not refused");

        var outcomes = string.Join(", ", _answers.GroupBy(answer => answer.Outcome).Select(group => $"{group.Key} {group.Count()}"));
        var sameTick = _answers
            .Where(answer => answer.Outcome == Proto.PlanOutcome.Answered && asked.ContainsKey(answer.RequestId) && $"{answer.Envelope.FrameSet.Tick}" == answer.RequestId)
            .ToList();
        Assert.True(sameTick.Count > 0, $"of {asked.Count} requests {sameTick.Count} were answered of the same tick: {outcomes}");
        Assert.All(sameTick, answer => AssertSameRisks(asked[answer.RequestId], answer));
        Assert.Contains(sameTick, answer => answer.DeadlineMet);
        new RunSummary(_folder.At("demo.json")).AssertLedgersAddUp();
    }

    /// <summary>Each newest plan's own controls, as fast as the answers may be of the same tick, until the demo ends; and once rubbish.</summary>
    private Dictionary<string, Proto.Plan> Ask(MqttConnection planner, ForecastProgram demo)
    {
        var asked = new Dictionary<string, Proto.Plan>();
        MqttTopic? topic = null;
        var began = Stopwatch.GetTimestamp();
        while (!demo.HasExited && Stopwatch.GetElapsedTime(began) < RunLimit)
        {
            Thread.Sleep(2);
            if (_newest is not var (plansTopic, plan) || asked.ContainsKey($"{plan.Envelope.FrameSet.Tick}"))
            {
                continue;
            }

            if (topic is null)
            {
                topic = planner.CreateTopic(plansTopic + "/request", 1, retain: false, new MqttProperties { ResponseTopic = plansTopic + "/response/planner" });
                planner.Publish(topic, "{\"rubbish\":"u8);
            }

            var request = new Proto.PlanRequest { Schema = "forecast.v1", Id = $"{plan.Envelope.FrameSet.Tick}", DeadlineMs = 300 };
            request.Candidates.Add(plan.Manoeuvres.Select(manoeuvre => new Proto.PlanCandidate { AccelerationsMps2 = { manoeuvre.AccelerationsMps2 }, Curvatures1Pm = { manoeuvre.Curvatures1Pm } }));
            asked.Add(request.Id, plan);
            planner.Publish(topic, request.ToByteArray());
        }

        return asked;
    }

    private static void AssertSameRisks(Proto.Plan plan, Proto.PlanResponse answer)
    {
        Assert.Equal(plan.Manoeuvres.Count, answer.Candidates.Count);
        for (var row = 0; row < plan.Manoeuvres.Count; row++)
        {
            var (expected, got) = (plan.Manoeuvres[row], answer.Candidates[row]);
            Assert.Equal(expected.InSupport, got.InSupport);
            Assert.Equal(expected.ProgressM, got.ProgressM, 1e-3f);
            Assert.All(expected.Probabilities.Zip(got.Probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }

        Assert.NotEmpty(answer.Candidates[0].UpperBounds);
        Assert.Equal(plan.Margin, answer.Margin, 1e-4f);
        Assert.Equal(plan.Tie, answer.Tie);
    }
}
