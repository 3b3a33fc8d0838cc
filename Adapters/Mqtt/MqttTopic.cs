using System.Runtime.InteropServices;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// A topic to publish on, made ready once: its name and its properties lie in native memory, so that a publish allocates nothing.
/// Belongs to the <see cref="MqttConnection"/> that made it, which frees it.
/// </summary>
public sealed class MqttTopic
{
    /// <summary>Messages of a QoS 0 topic that may be under way; one more is refused, because the library would queue without end.</summary>
    internal const int MostUnderWay = 2;

    private long _sent;
    private long _refused;
    private long _lost;

    internal unsafe MqttTopic(string name, int qos, bool retain, MqttProperties properties)
    {
        Name = name;
        Qos = qos;
        Retain = retain;
        Properties = properties;
        NativeProperties = properties.ToNative();
        NativeName = (byte*)Marshal.StringToCoTaskMemUTF8(name);
    }

    public string Name { get; }

    public int Qos { get; }

    public bool Retain { get; }

    public MqttProperties Properties { get; }

    /// <summary>Handed to the socket, or acknowledged where the QoS is 1, since the start.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Refused because too many were under way or nobody was connected.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Taken, and not reported before its connection ended: it may have arrived or not.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    internal unsafe byte* NativeName { get; private set; }

    internal nint NativeProperties { get; private set; }

    /// <summary>Taken by the library and not yet reported; under the connection's lock.</summary>
    internal int UnderWay { get; set; }

    internal void CountSent() => Interlocked.Increment(ref _sent);

    internal void CountLost() => Interlocked.Increment(ref _lost);

    internal void CountRefused() => Interlocked.Increment(ref _refused);

    internal unsafe void Free()
    {
        var properties = NativeProperties;
        LibMosquitto.FreeProperties(&properties);
        NativeProperties = 0;
        Marshal.FreeCoTaskMem((nint)NativeName);
        NativeName = null;
    }
}
