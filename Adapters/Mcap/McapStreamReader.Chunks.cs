namespace Forecast.Adapters.Mcap;

/// <content>What lies in chunks, and messages wherever they lie.</content>
public sealed partial class McapStreamReader
{
    private void Open(McapChunk chunk, ReadOnlyMemory<byte> records, bool cut)
    {
        if (_chunk.Fill(chunk, records, cut) is { } problem)
        {
            Problems.Add(Offset, problem.Kind, problem.What);
            return;
        }

        (_inChunk, _nextInChunk) = (true, 0);
    }

    /// <returns>False: the chunk has no more records.</returns>
    private bool ReadInChunk()
    {
        var records = _chunk.Bytes;
        var walker = new RecordWalker(records.Span, _nextInChunk);
        while (walker.Next())
        {
            (_nextInChunk, Opcode, Record, InChunk) = (walker.End, walker.Opcode, null, true);
            _content = records.Slice(walker.End - walker.Content.Length, walker.Content.Length);
            if (TakeInChunk())
            {
                return true;
            }
        }

        if (walker.BrokeOff && !_cut)
        {
            Problems.Add(Offset, McapProblemKind.Malformed, $"a chunk's records end with {records.Length - _nextInChunk} bytes that are none");
        }

        _inChunk = false;
        return false;
    }

    private bool TakeInChunk()
    {
        switch (Opcode)
        {
            case McapOpcode.Message:
                return TakeMessage();
            case McapOpcode.Schema or McapOpcode.Channel:
                Record = RecordParser.Parse(Opcode, _content.Span, out var problem);
                if (Record is null)
                {
                    Problems.Add(Offset, McapProblemKind.Malformed, $"a {Opcode} in a chunk cannot be read: {problem}");
                    return false;
                }

                Enter(Record);
                return true;
            case > McapOpcode.DataEnd:
                return false;
            default:
                Problems.Add(Offset, McapProblemKind.Malformed, $"a {Opcode} in a chunk, where none may be; skipped");
                return false;
        }
    }

    private bool TakeMessage()
    {
        if (_content.Length < McapFormat.MessageHeadBytes)
        {
            Problems.Add(Offset, McapProblemKind.Malformed, "a Message shorter than its fields");
            return false;
        }

        var message = new McapMessage(_content.Span);
        if (!_definitions.Knows(message.ChannelId))
        {
            Problems.Add(Offset, McapProblemKind.Malformed, $"a Message on channel {message.ChannelId}, of which no Channel came before; skipped");
            return false;
        }

        _framer.NearTimeNs = message.LogTimeNs;
        return true;
    }
}
