using System.Buffers;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Plan requests as the vehicle publishes them, JSON or protobuf. Make it before the connection is started. What is refused here never comes near the
/// journey's thread, and is answered only where there is a topic to answer on, at most as often a second as requests are read.
/// </summary>
public sealed class MqttPlanRequests : IDisposable
{
    /// <summary>Bytes of the largest request that is read at all: sixteen candidates of five steps need 3 KiB at most.</summary>
    public const int LargestMessage = 8 * 1024;

    /// <summary>Requests a second that are read: twice a rig's rate.</summary>
    internal const int PerSecond = 20;

    private const int LongestCorrelation = 256;
    private const int LongestClient = 64;

    private static readonly SearchValues<char> InAClientsName = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    private readonly PlanDesk _desk;
    private readonly RigClock _clock;
    private readonly string _responses;
    private readonly MessageRate _rate = new(PerSecond);
    private readonly MessageRate _refusals = new(PerSecond);
    private readonly PlanRequestValues _values;
    private volatile bool _disposed;

    /// <param name="topicBase">Of <see cref="TopicTable"/>, with the slash at its end.</param>
    public MqttPlanRequests(MqttConnection connection, string topicBase, PlanDesk desk, RigClock clock)
    {
        _desk = desk;
        _clock = clock;
        _responses = topicBase + TopicTable.PlanResponses;
        _values = new PlanRequestValues(desk.Steps);
        connection.Subscribe(topicBase + TopicTable.PlanRequest.Name, TopicTable.PlanRequest.Qos, OnRequest);
    }

    /// <summary>From here on nothing is asked; the connection is its owner's to end.</summary>
    public void Dispose() => _disposed = true;

    /// <summary>Exactly one level below plan/response/, of letters, digits, '-', '_' and '.': so it can neither leave this vehicle's answers nor match more than one.</summary>
    internal static bool IsResponseTopic(string? topic, string responses) =>
        topic is not null && topic.Length > responses.Length && topic.Length <= responses.Length + LongestClient
        && topic.StartsWith(responses, StringComparison.Ordinal) && topic.AsSpan(responses.Length).IndexOfAnyExcept(InAClientsName) < 0;

    private void OnRequest(in MqttMessage message)
    {
        if (_disposed)
        {
            return;
        }

        var arrival = _clock.Now;
        _values.Clear();
        if ((Unfit(in message, arrival) ?? Read(in message)) is { } refusal)
        {
            Refuse(in message, refusal, arrival);
            return;
        }

        var topic = message.ResponseTopic;
        var correlation = message.CorrelationData();
        if (!IsResponseTopic(topic, _responses))
        {
            _desk.Counts.Add(PlanOutcome.ResponseTopic);
            return;
        }

        if (correlation.Length > LongestCorrelation)
        {
            Refuse(in message, new PlanRefusal(PlanOutcome.TooLarge, "correlation data of more than 256 bytes"), arrival);
            return;
        }

        _desk.Ask(new PlanRequest(
            _values.Id, arrival, arrival + TimeSpan.FromMilliseconds(_values.DeadlineMs!.Value), _values.Candidates, _values.Controls.ToArray(), topic!, correlation));
    }

    private PlanRefusal? Unfit(in MqttMessage message, Timestamp now) =>
        !_rate.Take(now) ? new PlanRefusal(PlanOutcome.RateLimited, "more than 20 a second")
        : message.Retained ? new PlanRefusal(PlanOutcome.Late, "retained: older than the subscription")
        : message.Payload.Length > LargestMessage ? new PlanRefusal(PlanOutcome.TooLarge, "larger than 8 KiB")
        : message.Payload.IsEmpty ? PlanRefusal.Malformed("empty")
        : null;

    private PlanRefusal? Read(in MqttMessage message) =>
        (VehicleJson.LooksLikeJson(message.Payload) ? PlanRequestJson.Read(message.Payload, _values) : PlanRequestProtobuf.Read(message.Payload, _values)) ?? _values.Check();

    private void Refuse(in MqttMessage message, PlanRefusal refusal, Timestamp arrival)
    {
        // before the properties are read, which costs memory: a flood is only counted
        var topic = _refusals.Take(arrival) ? message.ResponseTopic : null;
        if (!IsResponseTopic(topic, _responses))
        {
            _desk.Counts.Add(refusal.Outcome);
            return;
        }

        var correlation = message.CorrelationData();
        var request = new PlanRequest(_values.Id, arrival, arrival, 0, [], topic!, correlation.Length > LongestCorrelation ? default : correlation);
        _desk.Refuse(request, refusal.Outcome, refusal.Detail);
    }
}
