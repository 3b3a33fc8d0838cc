using System.Diagnostics;

namespace Forecast.Adapters.Mqtt;

/// <summary>What became of a publish.</summary>
public enum PublishResult
{
    /// <summary>The library has it; <see cref="MqttConnection.Departed"/> tells when it is in the socket.</summary>
    Taken,

    /// <summary>Too many of this topic are still under way.</summary>
    Busy,

    /// <summary>No broker is connected.</summary>
    Away,

    /// <summary>The broker or the protocol takes no message of this size.</summary>
    TooLarge,
}

/// <summary>A message is with the socket (QoS 0) or acknowledged (QoS 1).</summary>
/// <param name="Tag">What the publisher gave with it.</param>
/// <param name="StopwatchTimestamp">Of <see cref="Stopwatch.GetTimestamp"/>.</param>
/// <param name="Reason">MQTT 5's reason; from 128 the broker refused the message.</param>
public readonly record struct MqttDeparture(MqttTopic Topic, int MessageId, long Tag, long StopwatchTimestamp, int Reason);

/// <summary>Whether the broker is there, and what is wrong where it is not.</summary>
public sealed record MqttState(bool Connected, string Detail);
