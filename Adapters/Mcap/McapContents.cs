namespace Forecast.Adapters.Mcap;

/// <summary>What a file holds and where, from its summary or found by reading through it.</summary>
internal sealed class McapContents(McapProblems problems)
{
    public McapHeader? Header { get; set; }

    public McapDefinitions Definitions { get; } = new(problems);

    public List<McapChunkIndex> Chunks { get; } = [];

    /// <summary>Offsets of those among <see cref="Chunks"/> that are runs of records outside of chunks.</summary>
    public HashSet<ulong> Runs { get; } = [];

    public List<McapAttachmentIndex> Attachments { get; } = [];

    public List<McapMetadataIndex> Metadata { get; } = [];

    public McapStatistics? Statistics { get; set; }
}
