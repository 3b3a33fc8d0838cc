using System.Runtime.InteropServices;

namespace Forecast.Adapters.Sodium;

/// <summary>Whether libsodium is here and loads.</summary>
public static class SodiumPresence
{
    /// <summary>Its version; null where it is not installed.</summary>
    public static string? Version()
    {
        try
        {
            return Marshal.PtrToStringUTF8(LibSodium.Version());
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }
}
