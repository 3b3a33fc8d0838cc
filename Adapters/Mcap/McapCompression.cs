namespace Forecast.Adapters.Mcap;

/// <summary>How a chunk's records are compressed.</summary>
public enum McapCompression
{
    None,

    /// <summary>Zstandard frames (RFC 8878), by libzstd.</summary>
    Zstd,

    /// <summary>LZ4 frames, by liblz4.</summary>
    Lz4,
}
