using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Debian's liblz4: the frame format's entry points used here, as lz4frame.h declares them.</summary>
internal static unsafe partial class LibLz4
{
    public const uint FrameVersion = 100; // LZ4F_VERSION

    private const string Library = "liblz4.so.1";

    [LibraryImport(Library, EntryPoint = "LZ4_versionString")]
    internal static partial nint Version();

    [LibraryImport(Library, EntryPoint = "LZ4F_isError")]
    internal static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "LZ4F_getErrorName")]
    internal static partial nint ErrorName(nuint result);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressFrameBound")]
    internal static partial nuint CompressFrameBound(nuint sourceBytes, Preferences* preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_createCompressionContext")]
    internal static partial nuint CreateCompression(out nint context, uint version);

    [LibraryImport(Library, EntryPoint = "LZ4F_freeCompressionContext")]
    internal static partial nuint FreeCompression(nint context);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressBegin")]
    internal static partial nuint CompressBegin(nint context, byte* destination, nuint capacity, Preferences* preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressUpdate")]
    internal static partial nuint CompressUpdate(nint context, byte* destination, nuint capacity, byte* source, nuint sourceBytes, nint options);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressEnd")]
    internal static partial nuint CompressEnd(nint context, byte* destination, nuint capacity, nint options);

    [LibraryImport(Library, EntryPoint = "LZ4F_createDecompressionContext")]
    internal static partial nuint CreateDecompression(out nint context, uint version);

    [LibraryImport(Library, EntryPoint = "LZ4F_freeDecompressionContext")]
    internal static partial nuint FreeDecompression(nint context);

    [LibraryImport(Library, EntryPoint = "LZ4F_resetDecompressionContext")]
    internal static partial void ResetDecompression(nint context);

    [LibraryImport(Library, EntryPoint = "LZ4F_decompress")]
    internal static partial nuint Decompress(nint context, byte* destination, ref nuint destinationBytes, byte* source, ref nuint sourceBytes, nint options);

    /// <summary>LZ4F_preferences_t with its LZ4F_frameInfo_t written out.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Preferences
    {
        public int BlockSize;
        public int BlockMode;
        public int ContentChecksum;
        public int FrameType;
        public ulong ContentBytes;
        public uint Dictionary;
        public int BlockChecksum;
        public int CompressionLevel;
        public uint AutoFlush;
        public uint FavourDecompression;
        public uint Reserved0;
        public uint Reserved1;
        public uint Reserved2;
    }
}
