using Forecast.Adapters.Mcap;

namespace Forecast.Replay.Recording;

/// <summary>How a run is recorded.</summary>
public sealed record RecordingOptions
{
    /// <summary>A folder of its own is made in it for the run.</summary>
    public required string Folder { get; init; }

    /// <summary>Default zstd.</summary>
    public McapCompression Compression { get; init; } = McapCompression.Zstd;

    /// <summary>A file is followed by the next when it has so many bytes; default 1 GiB; from 64 KiB.</summary>
    public long SplitBytes { get; init; } = 1L << 30;

    /// <summary>A file is followed by the next when it covers so much time; default 10 minutes; from 1 s.</summary>
    public TimeSpan SplitTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What may wait for the disk; default 16 MiB, some ten seconds of six cameras; from 256 KiB. Beyond it messages are dropped and counted.</summary>
    public int MemoryBytes { get; init; } = 16 << 20;

    /// <summary>Of the pictures for people; default 85; 1 to 100.</summary>
    public int JpegQuality { get; init; } = 85;

    /// <summary>How long after the disk refused a new file is tried; default 2 s.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(2);
}
