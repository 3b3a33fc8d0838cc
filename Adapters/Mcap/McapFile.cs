using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Mcap;

/// <summary>
/// An MCAP file opened by its index: what it holds is known at once, and messages are read by time and topic, in order of log time. A file without a
/// usable summary (cut, damaged, never finished, or not chunked) is read through once instead, and what is found takes the summary's place. The file is
/// opened for reading only.
/// </summary>
public sealed class McapFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly McapReaderOptions _options;
    private readonly McapContents _contents;

    private McapFile(SafeFileHandle file, McapReaderOptions options, McapContents contents, bool indexed, McapProblems problems)
    {
        (_file, _options, _contents, IsIndexed, Problems) = (file, options, contents, indexed, problems);
    }

    /// <summary>Null: the file has none, which is damage.</summary>
    public McapHeader? Header => _contents.Header;

    /// <summary>By id.</summary>
    public IReadOnlyDictionary<ushort, McapSchema> Schemas => _contents.Definitions.Schemas;

    /// <summary>By id.</summary>
    public IReadOnlyDictionary<ushort, McapChannel> Channels => _contents.Definitions.Channels;

    /// <summary>Where messages lie: chunks, and of a file that is not chunked runs of records, which stand here as uncompressed chunks do.</summary>
    public IReadOnlyList<McapChunkIndex> Chunks => _contents.Chunks;

    public IReadOnlyList<McapAttachmentIndex> Attachments => _contents.Attachments;

    public IReadOnlyList<McapMetadataIndex> Metadata => _contents.Metadata;

    /// <summary>As the file's summary has it, or as counted where there is no summary; null: the summary has none.</summary>
    public McapStatistics? Statistics => _contents.Statistics;

    /// <summary>Whether the file's own summary was used.</summary>
    public bool IsIndexed { get; }

    /// <summary>What was damaged, as far as it has been met; reading messages and attachments adds to it.</summary>
    public McapProblems Problems { get; }

    /// <exception cref="McapFormatException">It is no MCAP file, or one of another major version; the message names it.</exception>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static McapFile Open(string path, McapReaderOptions? options = null)
    {
        var limits = options ?? new McapReaderOptions();
        limits.Validate();
        var problems = new McapProblems();
        if (Directory.Exists(path))
        {
            throw new McapFormatException($"{path}: a folder, not an MCAP file");
        }

        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var contents = SummaryReader.TryRead(file, limits, problems);
            return new McapFile(file, limits, contents ?? FileScan.Run(path, limits, problems), contents is not null, problems);
        }
        catch (Exception fault)
        {
            file.Dispose();
            throw fault is McapFormatException ? new McapFormatException($"{path}: {fault.Message}") : fault;
        }
    }

    /// <summary>Messages in order of log time; of equal times in the order of the file.</summary>
    /// <param name="query">Null: all.</param>
    public McapCursor ReadMessages(McapQuery? query = null) => new(_file, _options, _contents, query ?? new McapQuery(), Problems);

    /// <summary>Null, and a problem, where it is not there as the index says. With a wrong checksum it is given, and the problem said.</summary>
    public McapAttachment? Read(McapAttachmentIndex index)
    {
        if (Load(McapOpcode.Attachment, index.Offset, index.Length) is not { } content)
        {
            return null;
        }

        if (!RecordParser.AttachmentIsWhole(content))
        {
            Problems.Add((long)index.Offset, McapProblemKind.Checksum, "an Attachment's checksum is wrong");
        }

        return Parse<McapAttachment>(McapOpcode.Attachment, content, index.Offset);
    }

    /// <summary>Null, and a problem, where it is not there as the index says.</summary>
    public McapMetadata? Read(McapMetadataIndex index) =>
        Load(McapOpcode.Metadata, index.Offset, index.Length) is { } content ? Parse<McapMetadata>(McapOpcode.Metadata, content, index.Offset) : null;

    public void Dispose() => _file.Dispose();

    private T? Parse<T>(McapOpcode opcode, byte[] content, ulong offset)
        where T : McapRecord
    {
        var record = RecordParser.Parse(opcode, content, out var problem);
        if (record is null)
        {
            Problems.Add((long)offset, McapProblemKind.Malformed, $"a {opcode} cannot be read: {problem}");
        }

        return (T?)record;
    }

    private byte[]? Load(McapOpcode opcode, ulong offset, ulong length)
    {
        var content = RecordAt.Read(_file, opcode, offset, length, _options.LimitOf(opcode), out var problem);
        if (content is null)
        {
            Problems.Add((long)Math.Min(offset, long.MaxValue), McapProblemKind.Malformed, problem!);
        }

        return content;
    }
}
