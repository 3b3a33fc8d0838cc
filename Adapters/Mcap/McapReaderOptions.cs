namespace Forecast.Adapters.Mcap;

/// <summary>What a reader takes in at most. A file's own lengths are held against these before anything is allocated for them.</summary>
public sealed record McapReaderOptions
{
    private const int Mebibyte = 1 << 20;

    /// <summary>Bytes of one Chunk (compressed), Attachment or Message; default 256 MiB; 1 KiB to 1 GiB.</summary>
    public int MaxRecordBytes { get; init; } = 256 * Mebibyte;

    /// <summary>Bytes of one chunk's records, uncompressed; default 256 MiB; 1 KiB to 1 GiB.</summary>
    public int MaxChunkBytes { get; init; } = 256 * Mebibyte;

    /// <summary>Bytes of chunks open at the same time because their times overlap, when reading in order of log time; default 1 GiB.</summary>
    public long MaxOpenBytes { get; init; } = 1024L * Mebibyte;

    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRecordBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRecordBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChunkBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxChunkBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOpenBytes, MaxChunkBytes);
    }

    /// <summary>Bytes of any other record. Schemas are the largest of them: a descriptor set is some 100 kB.</summary>
    internal int MaxSmallRecordBytes => Math.Min(MaxRecordBytes, 16 * Mebibyte);

    internal int LimitOf(McapOpcode opcode) => opcode switch
    {
        McapOpcode.Chunk or McapOpcode.Attachment or McapOpcode.Message => MaxRecordBytes,
        _ => MaxSmallRecordBytes,
    };
}
