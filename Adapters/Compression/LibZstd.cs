using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Debian's libzstd: the entry points used here, as zstd.h declares them.</summary>
internal static unsafe partial class LibZstd
{
    public const int CompressionLevel = 100; // ZSTD_c_compressionLevel
    public const int WindowLogMax = 100;     // ZSTD_d_windowLogMax
    public const int ResetSession = 1;       // ZSTD_reset_session_only

    private const string Library = "libzstd.so.1";

    [LibraryImport(Library, EntryPoint = "ZSTD_versionString")]
    internal static partial nint Version();

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    internal static partial nint ErrorName(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    internal static partial nuint CompressBound(nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    internal static partial nint CreateCompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    internal static partial nuint FreeCompression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    internal static partial nuint SetCompression(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_compress2")]
    internal static partial nuint Compress(nint context, byte* destination, nuint capacity, byte* source, nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    internal static partial nint CreateDecompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    internal static partial nuint FreeDecompression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    internal static partial nuint SetDecompression(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_reset")]
    internal static partial nuint ResetDecompression(nint context, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    internal static partial nuint Decompress(nint context, Window* output, Window* input);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer, which have the same layout.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Window
    {
        public byte* Bytes;
        public nuint Size;
        public nuint Position;
    }
}
