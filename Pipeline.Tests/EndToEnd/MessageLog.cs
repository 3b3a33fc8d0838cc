using Forecast.Pipeline.Tests.Mqtt;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>What an outside subscriber received, read by protobuf's own JSON reader: a field that the schema does not have fails here.</summary>
internal sealed class MessageLog
{
    private static readonly JsonParser Json = new(JsonParser.Settings.Default);

    private static readonly (string Topic, MessageDescriptor Schema)[] Topics =
    [
        ("risk/event", Proto.RiskEvent.Descriptor), ("surprise/event", Proto.SurpriseEvent.Descriptor), ("scene", Proto.Scene.Descriptor), ("risk", Proto.Risk.Descriptor), ("plan", Proto.Plan.Descriptor),
        ("health", Proto.Health.Descriptor), ("latency", Proto.Latency.Descriptor), ("status", Proto.Status.Descriptor), ("model", Proto.Model.Descriptor),
        ("rig", Proto.Rig.Descriptor),
    ];

    private readonly Dictionary<string, List<IMessage>> _messages = [];

    public MessageLog(MosquittoSub subscriber)
    {
        foreach (var received in subscriber.Messages)
        {
            var (topic, schema) = Array.Find(Topics, known => received.Topic.EndsWith($"/{known.Topic}", StringComparison.Ordinal));
            if (schema is null)
            {
                continue; // what a vehicle sends
            }

            if (!_messages.TryGetValue(topic, out var list))
            {
                _messages[topic] = list = [];
            }

            list.Add(Json.Parse(received.Payload, schema));
        }
    }

    public IReadOnlyList<Proto.Scene> Scenes => All<Proto.Scene>("scene");

    public IReadOnlyList<Proto.Risk> Risks => All<Proto.Risk>("risk");

    public IReadOnlyList<Proto.Plan> Plans => All<Proto.Plan>("plan");

    public IReadOnlyList<Proto.RiskEvent> RiskEvents => All<Proto.RiskEvent>("risk/event");

    public IReadOnlyList<Proto.Health> Healths => All<Proto.Health>("health");

    public IReadOnlyList<Proto.Status> Statuses => All<Proto.Status>("status");

    public IReadOnlyList<Proto.Rig> Rigs => All<Proto.Rig>("rig");

    public static bool IsEnd(Received message) =>
        message.Topic.EndsWith("/status", StringComparison.Ordinal) && message.Payload.Contains("STATUS_STATE_OFFLINE", StringComparison.Ordinal);

    /// <summary>Of the newest forecast; -1 before the first. Reads one message only: whoever waits must not take the processor from what is waited for.</summary>
    public static long NewestTick(MosquittoSub subscriber) =>
        Array.FindLast(subscriber.Messages, message => message.Topic.EndsWith("/risk", StringComparison.Ordinal)) is { } newest
            ? (long)Json.Parse<Proto.Risk>(newest.Payload).Envelope.FrameSet.Tick
            : -1;

    /// <summary>Waits for the last message of a run that ended by itself.</summary>
    public static MessageLog AtEnd(MosquittoSub subscriber)
    {
        Eventually.True(() => Array.Exists(subscriber.Messages, IsEnd), "the subscriber never saw the end of the run");
        return new MessageLog(subscriber);
    }

    /// <summary>
    /// Numbers that are missing between the first and the last message of each topic; every topic must count upwards, but those of
    /// events and of what is retained, which come again after a reconnect.
    /// </summary>
    public IReadOnlyDictionary<string, long> Gaps()
    {
        var gaps = new Dictionary<string, long>();
        foreach (var (topic, messages) in _messages.Where(entry => entry.Key is not ("risk/event" or "surprise/event" or "status" or "model" or "rig")))
        {
            var missing = 0L;
            ulong? last = null;
            foreach (var message in messages)
            {
                var envelope = EnvelopeOf(message);
                Assert.Equal(EnvelopeOf(messages[0]).Session, envelope.Session);
                Assert.True(last is null || envelope.Sequence > last, $"{topic}: {envelope.Sequence} after {last}");
                missing += last is { } before ? (long)(envelope.Sequence - before - 1) : 0;
                last = envelope.Sequence;
            }

            gaps[topic] = missing;
        }

        return gaps;
    }

    /// <summary>When the run's first frame set was taken, on its clock, also where the subscriber came a little later.</summary>
    public long StartNs(double periodS)
    {
        var first = Scenes[0].Envelope.FrameSet;
        return first.ReferenceTimeNs - (long)(first.Tick * periodS * 1e9);
    }

    private static Proto.Envelope EnvelopeOf(IMessage message) =>
        (Proto.Envelope)message.Descriptor.FindFieldByName("envelope").Accessor.GetValue(message);

    private IReadOnlyList<T> All<T>(string topic)
        where T : IMessage => _messages.TryGetValue(topic, out var list) ? [.. list.Cast<T>()] : [];
}
