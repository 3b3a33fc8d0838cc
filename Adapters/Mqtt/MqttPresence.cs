using System.Runtime.InteropServices;

namespace Forecast.Adapters.Mqtt;

/// <summary>Whether the MQTT client library is here and loads.</summary>
public static partial class MqttPresence
{
    /// <summary>libmosquitto's version; null where it is not installed.</summary>
    public static string? ClientVersion()
    {
        try
        {
            var code = Version(out var major, out var minor, out var revision);
            return code > 0 ? $"{major}.{minor}.{revision}" : null;
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libmosquitto.so.1", EntryPoint = "mosquitto_lib_version")]
    private static partial int Version(out int major, out int minor, out int revision);
}
