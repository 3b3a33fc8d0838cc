using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Zstandard frames (RFC 8878) with the content's size in them, by libzstd.</summary>
/// <exception cref="DllNotFoundException">libzstd.so.1 is not installed.</exception>
public sealed unsafe class ZstdEncoder : IFrameEncoder
{
    private nint _context;

    /// <param name="level">1 (fast) to 22.</param>
    public ZstdEncoder(int level)
    {
        _context = LibZstd.CreateCompression();
        Check(_context == 0 ? nuint.MaxValue : LibZstd.SetCompression(_context, LibZstd.CompressionLevel, level));
    }

    public int Bound(int sourceBytes) => checked((int)LibZstd.CompressBound((nuint)sourceBytes));

    public int Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        fixed (byte* from = source, to = destination)
        {
            return (int)Check(LibZstd.Compress(_context, to, (nuint)destination.Length, from, (nuint)source.Length));
        }
    }

    public void Dispose()
    {
        LibZstd.FreeCompression(_context);
        _context = 0;
    }

    private static nuint Check(nuint result) => LibZstd.IsError(result) == 0
        ? result
        : throw new InvalidOperationException($"libzstd: {Marshal.PtrToStringUTF8(LibZstd.ErrorName(result))}");
}
