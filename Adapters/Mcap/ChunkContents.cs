using Forecast.Adapters.Compression;

namespace Forecast.Adapters.Mcap;

/// <summary>
/// A chunk's records, uncompressed, in memory that is used again for the next chunk. Room is made as output comes, never for what a file only claims;
/// of a chunk that is cut short what is there is kept. One thread at a time.
/// </summary>
internal sealed class ChunkContents(McapReaderOptions options) : IDisposable
{
    private const int FirstRoom = 64 << 10;

    /// <summary>What a chunk is expected to become at most before more room is made in steps.</summary>
    private const int UsualRatio = 16;

    private byte[] _bytes = [];
    private ZstdDecoder? _zstd;
    private Lz4Decoder? _lz4;

    /// <summary>The records: of an uncompressed chunk where the caller has them, so they last as long as that.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <param name="records">As they lie in the file: all of them, or where <paramref name="cut"/> the beginning.</param>
    /// <returns>Null: all is well, and the checksum right (of a cut chunk it cannot be told). Otherwise nothing is kept.</returns>
    public (McapProblemKind Kind, string What)? Fill(McapChunk chunk, ReadOnlyMemory<byte> records, bool cut)
    {
        Bytes = default;
        if (chunk.UncompressedBytes > (ulong)options.MaxChunkBytes)
        {
            return (McapProblemKind.TooLarge, $"a chunk of {chunk.UncompressedBytes} bytes uncompressed; at most {options.MaxChunkBytes} are taken");
        }

        var problem = chunk.Compression switch
        {
            "" => Take(records, (int)chunk.UncompressedBytes),
            "zstd" => Decode(_zstd ??= new ZstdDecoder(), records.Span, (int)chunk.UncompressedBytes),
            "lz4" => Decode(_lz4 ??= new Lz4Decoder(), records.Span, (int)chunk.UncompressedBytes),
            _ => (McapProblemKind.Unsupported, $"a chunk compressed by '{Shown(chunk.Compression)}'; known are zstd, lz4 and none"),
        };
        if (problem is null && !cut)
        {
            problem = Check(chunk);
        }

        if (problem is not null)
        {
            Bytes = default;
        }

        return problem;
    }

    public void Dispose()
    {
        _zstd?.Dispose();
        _lz4?.Dispose();
    }

    private static string Shown(string text) => text.Length <= 32 ? text : text[..32] + "...";

    private (McapProblemKind Kind, string What)? Check(McapChunk chunk)
    {
        if ((ulong)Bytes.Length != chunk.UncompressedBytes)
        {
            return (McapProblemKind.Malformed, $"a chunk says {chunk.UncompressedBytes} bytes uncompressed and has {Bytes.Length}");
        }

        if (chunk.UncompressedCrc == 0)
        {
            return null;
        }

        var crc = Crc32.Append(0, Bytes.Span);
        return crc == chunk.UncompressedCrc ? null : (McapProblemKind.Checksum, $"a chunk's checksum is {crc:x8} and should be {chunk.UncompressedCrc:x8}; its messages are left out");
    }

    private (McapProblemKind Kind, string What)? Take(ReadOnlyMemory<byte> records, int claimed)
    {
        Bytes = records;
        return records.Length <= claimed ? null : (McapProblemKind.Malformed, $"a chunk says {claimed} bytes uncompressed and has {records.Length}");
    }

    private (McapProblemKind Kind, string What)? Decode(IFrameDecoder decoder, ReadOnlySpan<byte> records, int claimed)
    {
        // One byte more than claimed shows whether there is more than claimed.
        var most = claimed + 1;
        var length = 0;
        MakeRoom((int)Math.Min(most, Math.Max(FirstRoom, (long)UsualRatio * records.Length)));
        decoder.Start();
        while (true)
        {
            var room = Math.Min(_bytes.Length, most) - length;
            var result = decoder.Decode(records, _bytes.AsSpan(length, room), out var read, out var written);
            length += written;
            records = records[read..];
            if (result == DecodeResult.Damaged)
            {
                return (McapProblemKind.Malformed, $"a chunk cannot be decompressed: {decoder.Problem}");
            }

            if (length > claimed)
            {
                return (McapProblemKind.Malformed, $"a chunk says {claimed} bytes uncompressed and has more");
            }

            if (written == room && _bytes.Length < most)
            {
                MakeRoom((int)Math.Min(most, 2L * _bytes.Length));
            }
            else if (records.IsEmpty)
            {
                Bytes = _bytes.AsMemory(0, length);
                return null;
            }
            else if (result == DecodeResult.Complete)
            {
                decoder.Start(); // frames may follow each other
            }
            else if (read == 0 && written == 0)
            {
                return (McapProblemKind.Malformed, "a chunk cannot be decompressed: it does not go on");
            }
        }
    }

    private void MakeRoom(int bytes)
    {
        if (bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, bytes);
        }
    }
}
