using Forecast.Pipeline.Publishing;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Says on the status topic, over a connection of its own, that forecasts are not to be relied on, and that they are again: the sink's connection may be
/// what hangs. Leaves no will; the sink's says when the process is gone. One thread at a time.
/// </summary>
public sealed class MqttStatusBeacon : IDisposable
{
    private readonly MqttConnection _connection;
    private readonly MqttForecastSink _sink;
    private readonly ForecastEncoder _encoder;
    private readonly MqttTopic _topic;

    /// <param name="sink">Whose status it is: the numbers of its messages go on here.</param>
    /// <param name="encoder">Its own; disposed of with it.</param>
    public MqttStatusBeacon(MqttConnectionOptions options, MqttForecastSink sink, string topicBase, ForecastEncoder encoder)
    {
        _sink = sink;
        _encoder = encoder;
        _connection = new MqttConnection(options);
        var rule = TopicTable.Status;
        _topic = _connection.CreateTopic(
            topicBase + rule.Name, rule.Qos, rule.Retain, new MqttProperties { ContentType = encoder.ContentType, SchemaVersion = ForecastEncoder.Schema, Expiry = rule.Expiry });
        _connection.Start();
    }

    /// <summary>False when the broker did not take it: then it is to be said again.</summary>
    public bool Say(StatusState state, string reason) =>
        _connection.Publish(_topic, _encoder.Status(state, reason, _sink.StampStatus())) == PublishResult.Taken;

    public void Dispose()
    {
        _connection.Dispose();
        _encoder.Dispose();
    }
}
