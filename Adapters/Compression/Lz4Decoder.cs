using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Reads LZ4 frames by liblz4.</summary>
/// <exception cref="DllNotFoundException">liblz4.so.1 is not installed.</exception>
public sealed unsafe class Lz4Decoder : IFrameDecoder
{
    private nint _context;

    public Lz4Decoder()
    {
        if (LibLz4.IsError(LibLz4.CreateDecompression(out _context, LibLz4.FrameVersion)) != 0)
        {
            throw new InvalidOperationException("liblz4 gave no decompression context");
        }
    }

    public string Problem { get; private set; } = "";

    public void Start()
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        LibLz4.ResetDecompression(_context);
    }

    public DecodeResult Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int read, out int written)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        fixed (byte* from = source, to = destination)
        {
            var (room, given) = ((nuint)destination.Length, (nuint)source.Length);
            var result = LibLz4.Decompress(_context, to, ref room, from, ref given, 0);
            if (LibLz4.IsError(result) == 0)
            {
                (read, written) = ((int)given, (int)room);
                return result == 0 ? DecodeResult.Complete : DecodeResult.GoesOn;
            }

            (read, written) = (0, 0);
            Problem = Marshal.PtrToStringUTF8(LibLz4.ErrorName(result)) ?? "";
            return DecodeResult.Damaged;
        }
    }

    public void Dispose()
    {
        if (_context != 0)
        {
            LibLz4.FreeDecompression(_context);
            _context = 0;
        }
    }
}
