using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>LZ4 frames with the content's size in them, by liblz4.</summary>
/// <exception cref="DllNotFoundException">liblz4.so.1 is not installed.</exception>
public sealed unsafe class Lz4Encoder : IFrameEncoder
{
    /// <summary>Of a frame cut short the whole blocks can be had: LZ4F_max64KB.</summary>
    private const int BlocksOf64Kb = 4;

    private nint _context;

    public Lz4Encoder()
    {
        Check(LibLz4.CreateCompression(out _context, LibLz4.FrameVersion));
    }

    public int Bound(int sourceBytes)
    {
        var preferences = PreferencesFor(sourceBytes);
        return checked((int)LibLz4.CompressFrameBound((nuint)sourceBytes, &preferences));
    }

    public int Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        var preferences = PreferencesFor(source.Length);
        fixed (byte* from = source, to = destination)
        {
            var capacity = (nuint)destination.Length;
            var length = Check(LibLz4.CompressBegin(_context, to, capacity, &preferences));
            if (source.Length > 0)
            {
                length += Check(LibLz4.CompressUpdate(_context, to + length, capacity - length, from, (nuint)source.Length, 0));
            }

            return (int)(length + Check(LibLz4.CompressEnd(_context, to + length, capacity - length, 0)));
        }
    }

    public void Dispose()
    {
        if (_context != 0)
        {
            LibLz4.FreeCompression(_context);
            _context = 0;
        }
    }

    private static LibLz4.Preferences PreferencesFor(int sourceBytes) => new() { BlockSize = BlocksOf64Kb, ContentBytes = (ulong)sourceBytes, AutoFlush = 1 };

    private static nuint Check(nuint result) => LibLz4.IsError(result) == 0
        ? result
        : throw new InvalidOperationException($"liblz4: {Marshal.PtrToStringUTF8(LibLz4.ErrorName(result))}");
}
