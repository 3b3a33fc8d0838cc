using System.Runtime.InteropServices;

namespace Forecast.Adapters.Compression;

/// <summary>Reads Zstandard frames (RFC 8878) by libzstd.</summary>
/// <exception cref="DllNotFoundException">libzstd.so.1 is not installed.</exception>
public sealed unsafe class ZstdDecoder : IFrameDecoder
{
    /// <summary>A frame may ask the library for a window of at most 32 MiB; the format would allow terabytes.</summary>
    private const int WindowLog = 25;

    private nint _context;

    public ZstdDecoder()
    {
        _context = LibZstd.CreateDecompression();
        if (_context == 0 || LibZstd.IsError(LibZstd.SetDecompression(_context, LibZstd.WindowLogMax, WindowLog)) != 0)
        {
            throw new InvalidOperationException("libzstd gave no decompression context");
        }
    }

    public string Problem { get; private set; } = "";

    public void Start()
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        LibZstd.ResetDecompression(_context, LibZstd.ResetSession);
    }

    public DecodeResult Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int read, out int written)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        fixed (byte* from = source, to = destination)
        {
            var input = new LibZstd.Window { Bytes = from, Size = (nuint)source.Length };
            var output = new LibZstd.Window { Bytes = to, Size = (nuint)destination.Length };
            var result = LibZstd.Decompress(_context, &output, &input);
            (read, written) = ((int)input.Position, (int)output.Position);
            if (LibZstd.IsError(result) == 0)
            {
                return result == 0 ? DecodeResult.Complete : DecodeResult.GoesOn;
            }

            Problem = Marshal.PtrToStringUTF8(LibZstd.ErrorName(result)) ?? "";
            return DecodeResult.Damaged;
        }
    }

    public void Dispose()
    {
        LibZstd.FreeDecompression(_context);
        _context = 0;
    }
}
