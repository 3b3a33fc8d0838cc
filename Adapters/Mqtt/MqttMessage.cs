using System.Text;

namespace Forecast.Adapters.Mqtt;

/// <summary>A message that came in; borrowed for the call of its handler.</summary>
public readonly unsafe ref struct MqttMessage
{
    private readonly nint _properties;

    internal MqttMessage(MosquittoMessage* message, nint properties)
    {
        _properties = properties;
        Topic = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(message->Topic);
        Payload = new ReadOnlySpan<byte>(message->Payload, message->PayloadLength);
        Retained = message->Retain != 0;
    }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Topic { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>It was kept by the broker and is older than the subscription.</summary>
    public bool Retained { get; }

    /// <summary>Null where there is none; allocates.</summary>
    public string? ContentType => ReadString(MqttPropertyId.ContentType);

    /// <summary>Where an answer is to go; null where none is wanted; allocates.</summary>
    public string? ResponseTopic => ReadString(MqttPropertyId.ResponseTopic);

    /// <summary>To be sent back with the answer; allocates.</summary>
    public byte[] CorrelationData()
    {
        byte* data = null;
        ushort length = 0;
        if (_properties == 0 || LibMosquitto.ReadBinary(_properties, MqttPropertyId.CorrelationData, &data, &length, false) == 0)
        {
            return [];
        }

        var copy = new ReadOnlySpan<byte>(data, length).ToArray();
        LibC.Free(data);
        return copy;
    }

    private string? ReadString(MqttPropertyId id)
    {
        byte* text = null;
        if (_properties == 0 || LibMosquitto.ReadString(_properties, id, &text, false) == 0)
        {
            return null;
        }

        var copy = Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
        LibC.Free(text);
        return copy;
    }
}

/// <summary>
/// Takes a message on the connection's own thread, inside the library's callback: it must not block, nor publish, nor take a lock
/// under which anybody publishes.
/// </summary>
public delegate void MqttMessageHandler(in MqttMessage message);
