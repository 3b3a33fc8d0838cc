namespace Forecast.Adapters.Mcap;

/// <summary>How an MCAP file is written.</summary>
public sealed record McapWriterOptions
{
    /// <summary>Of chunks; default zstd. A chunk that would not become smaller is stored as it is.</summary>
    public McapCompression Compression { get; init; } = McapCompression.Zstd;

    /// <summary>A chunk is closed before its records grow over so many bytes; default 1 MiB; 1 KiB to 64 MiB. One larger message has a chunk of its own.</summary>
    public int ChunkBytes { get; init; } = 1 << 20;

    /// <summary>A chunk is closed when its first message is so old; default 0.5 s; above 0. What a crash can lose, with the owner's own step between calls.</summary>
    public TimeSpan ChunkAge { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>One message's data may be so long; default 64 MiB; 1 KiB to 256 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 64 << 20;

    /// <summary>Of the well-known profiles; default none.</summary>
    public string Profile { get; init; } = "";

    /// <summary>What the file says that wrote it.</summary>
    public string Library { get; init; } = "forecast";

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ChunkBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ChunkBytes, 64 << 20);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ChunkAge, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageBytes, 256 << 20);
    }
}
