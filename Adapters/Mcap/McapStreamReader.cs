namespace Forecast.Adapters.Mcap;

/// <summary>
/// Reads an MCAP file from its first byte to its last, without seeking: every record of the specification in the order in which it lies there, those
/// in chunks after their chunk. Every checksum is looked at. Damage does not end it: it is named in <see cref="Problems"/> and what comes after it is
/// read; of a chunk that is cut short the messages that are whole are given. Records of unknown type are skipped. One thread at a time.
/// </summary>
public sealed partial class McapStreamReader : IDisposable
{
    private readonly McapReaderOptions _options;
    private readonly SlidingInput _input;
    private readonly RecordFramer _framer;
    private readonly ChunkContents _chunk;
    private readonly McapDefinitions _definitions;
    private ReadOnlyMemory<byte> _content;
    private int _nextInChunk;
    private bool _inChunk;
    private ulong _summaryAt;
    private bool _begun;
    private bool _cut;
    private bool _ended;

    /// <param name="source">Read forwards only; left open.</param>
    /// <exception cref="McapFormatException">It does not begin as an MCAP file of this major version does.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    public McapStreamReader(Stream source, McapReaderOptions? options = null)
        : this(source, options, new McapProblems())
    {
    }

    /// <param name="problems">Where problems are added to others of the same file.</param>
    internal McapStreamReader(Stream source, McapReaderOptions? options, McapProblems problems)
    {
        Problems = problems;
        _options = options ?? new McapReaderOptions();
        _options.Validate();
        _input = new SlidingInput(source);
        long? length = source.CanSeek ? source.Length - source.Position : null;
        if (!_input.Ensure(McapFormat.MagicBytes) || !_input.Available.StartsWith(McapFormat.Magic))
        {
            throw new McapFormatException(NotMcap());
        }

        _input.Consume(McapFormat.MagicBytes);
        _definitions = new McapDefinitions(Problems);
        _framer = new RecordFramer(_input, _options, Problems, length) { KnowsChannel = _definitions.Knows };
        _chunk = new ChunkContents(_options);
    }

    /// <summary>What was damaged so far.</summary>
    public McapProblems Problems { get; }

    /// <summary>The schemas seen so far, by id.</summary>
    public IReadOnlyDictionary<ushort, McapSchema> Schemas => _definitions.Schemas;

    /// <summary>The channels seen so far, by id.</summary>
    public IReadOnlyDictionary<ushort, McapChannel> Channels => _definitions.Channels;

    /// <summary>Of the record that <see cref="Read"/> came to.</summary>
    public McapOpcode Opcode { get; private set; }

    /// <summary>The record; null for a Message and a MessageIndex, which <see cref="Message"/> and <see cref="MessageIndex"/> show.</summary>
    public McapRecord? Record { get; private set; }

    /// <summary>Where the record begins, in bytes from the start of the file; of a record in a chunk where the chunk begins.</summary>
    public long Offset => _framer.Offset;

    /// <summary>How long it is, head included; of a record in a chunk how long the chunk is.</summary>
    public long Length => _framer.Length;

    /// <summary>Whether the record lies in a chunk.</summary>
    public bool InChunk { get; private set; }

    /// <summary>Whether the data section has ended: what follows repeats and indexes it.</summary>
    public bool InSummary { get; private set; }

    /// <summary>The message. Its channel is among <see cref="Channels"/>.</summary>
    /// <exception cref="InvalidOperationException">The record is another.</exception>
    public McapMessage Message => Opcode == McapOpcode.Message ? new McapMessage(_content.Span) : throw new InvalidOperationException($"the record is a {Opcode}");

    /// <exception cref="InvalidOperationException">The record is another.</exception>
    public McapMessageIndex MessageIndex => Opcode == McapOpcode.MessageIndex ? new McapMessageIndex(_content.Span) : throw new InvalidOperationException($"the record is a {Opcode}");

    /// <summary>Goes to the next record; what was borrowed of the one before is over.</summary>
    /// <returns>False at the end of the file.</returns>
    public bool Read()
    {
        while (!_ended)
        {
            if (_inChunk && ReadInChunk())
            {
                return true;
            }

            (InChunk, Record, _ended) = (false, null, _cut);
            if (_cut)
            {
                break;
            }

            var framed = _framer.Next();
            if (framed == Framed.Record ? Take() : TakeLast(framed))
            {
                return true;
            }
        }

        (Opcode, Record) = (McapOpcode.None, null);
        return false;
    }

    public void Dispose() => _chunk.Dispose();

    /// <summary>Whether a Footer's content is followed by what ends a file.</summary>
    private bool EndsHere => _input.Available.Slice(McapFormat.EndBytes - McapFormat.MagicBytes, McapFormat.MagicBytes).SequenceEqual(McapFormat.Magic);

    private string NotMcap()
    {
        if (_input.Fault is { } fault)
        {
            return $"cannot be read: {fault}";
        }

        var start = _input.Available;
        return start.Length > 5 && start[..5].SequenceEqual(McapFormat.Magic[..5]) && start[5] != McapFormat.Magic[5]
            ? $"MCAP of major version 0x{start[5]:x2}; this reader knows 0x30"
            : "not an MCAP file: it does not begin with MCAP's eight bytes";
    }

    /// <summary>A whole record outside of chunks.</summary>
    /// <returns>Whether the caller gets to see it.</returns>
    private bool Take()
    {
        if (_framer.Opcode == McapOpcode.Footer && _input.Ensure(McapFormat.EndBytes) && !EndsHere)
        {
            _framer.Distrust("a Footer that is not followed by MCAP's eight bytes");
            return false;
        }

        (_content, Opcode) = (_framer.Content, _framer.Opcode);
        if (!_begun)
        {
            _begun = true;
            if (Opcode != McapOpcode.Header)
            {
                Problems.Add(Offset, McapProblemKind.Malformed, $"the first record is a {Opcode} and should be a Header");
            }
        }

        switch (Opcode)
        {
            case McapOpcode.Message:
                return TakeMessage();
            case McapOpcode.MessageIndex when McapMessageIndex.Fits(_content.Span):
                return true;
            case McapOpcode.MessageIndex:
                _framer.Distrust("a MessageIndex whose entries are no whole number");
                return false;
            case > McapOpcode.DataEnd:
                return false;
        }

        Record = RecordParser.Parse(Opcode, _content.Span, out var problem);
        if (Record is null)
        {
            _framer.Distrust($"a {Opcode} cannot be read: {problem}");
            return false;
        }

        Enter(Record);
        return true;
    }

    /// <summary>What a record means for those after it.</summary>
    private void Enter(McapRecord record)
    {
        switch (record)
        {
            case McapSchema schema:
                _definitions.Add(schema, Offset);
                break;
            case McapChannel channel:
                _definitions.Add(channel, Offset);
                break;
            case McapChunk chunk:
                Open(chunk, _content.Slice(RecordParser.ChunkRecordsAt(_content.Span), (int)chunk.CompressedBytes), cut: false);
                break;
            case McapAttachment when !RecordParser.AttachmentIsWhole(_content.Span):
                Problems.Add(Offset, McapProblemKind.Checksum, "an Attachment's checksum is wrong");
                break;
            case McapDataEnd end:
                CheckCrc(end.DataSectionCrc, _input.Crc, "the data section");
                InSummary = true;
                _framer.Finish();
                _input.RestartCrc();
                _summaryAt = (ulong)_input.Offset;
                break;
            case McapFooter footer:
                CheckCrc(footer.SummaryCrc, Crc32.Append(_input.Crc, _input.Available[..(McapFormat.RecordHeadBytes + McapFormat.FooterBytes - 4)]), "the summary");
                CheckEnd(footer);
                break;
        }
    }

    private void CheckCrc(uint expected, uint actual, string what)
    {
        if (expected != 0 && expected != actual)
        {
            Problems.Add(Offset, McapProblemKind.Checksum, $"the checksum of {what} is {actual:x8} and should be {expected:x8}");
        }
    }

    private void CheckEnd(McapFooter footer)
    {
        _ended = true;
        if (footer.SummaryStart != 0 && footer.SummaryStart != _summaryAt)
        {
            Problems.Add(Offset, McapProblemKind.Contradiction, $"the Footer says that the summary begins at byte {footer.SummaryStart}; the data end at {_summaryAt}");
        }

        if (!_input.Ensure(McapFormat.EndBytes))
        {
            Problems.Add(Offset + _input.Available.Length, McapProblemKind.Cut, "the file ends inside its last eight bytes");
        }
        else if (_input.Ensure(McapFormat.EndBytes + 1))
        {
            Problems.Add(Offset + McapFormat.EndBytes, McapProblemKind.Malformed, "there are bytes after the end");
        }
    }

    /// <summary>Where the file ends too early: the whole messages of a cut chunk are still to be had.</summary>
    private bool TakeLast(Framed framed)
    {
        _ended = true;
        var where = Offset + (framed == Framed.CutRecord ? Length : _input.Available.Length);
        var why = _input.Fault is { } fault ? $"the file cannot be read any further: {fault}" : "the file ends without a Footer";
        if (framed == Framed.CutRecord && _framer.Opcode == McapOpcode.Chunk && RecordParser.ChunkHead(_framer.Content.Span) is { } chunk)
        {
            var from = RecordParser.ChunkRecordsAt(_framer.Content.Span);
            Open(chunk, _framer.Content[from..], cut: true);
            Problems.Add(where, McapProblemKind.Cut, $"{why}, inside a chunk; what of it is whole is given, unchecked");
            (Opcode, Record, _ended, _cut) = (McapOpcode.Chunk, chunk, false, true);
            return true;
        }

        Problems.Add(where, McapProblemKind.Cut, framed == Framed.CutRecord ? $"{why}, inside a record" : why);
        return false;
    }
}
