using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Whether the compression libraries are here and load.</summary>
public static class CompressionPresence
{
    /// <summary>libzstd's version; null where it is not installed.</summary>
    public static string? Zstd() => Version(LibZstd.Version);

    /// <summary>liblz4's version; null where it is not installed.</summary>
    public static string? Lz4() => Version(LibLz4.Version);

    private static string? Version(Func<nint> ask)
    {
        try
        {
            return Marshal.PtrToStringUTF8(ask());
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }
}
