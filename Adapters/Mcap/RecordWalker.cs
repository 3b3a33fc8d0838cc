namespace Forecast.Adapters.Mcap;

/// <summary>Goes from record to record in memory: through a chunk's records, or a summary.</summary>
/// <param name="start">Where the first record begins.</param>
internal ref struct RecordWalker(ReadOnlySpan<byte> records, int start)
{
    private readonly ReadOnlySpan<byte> _records = records;
    private int _next = start;

    public McapOpcode Opcode { get; private set; }

    /// <summary>Of the record's head, from the beginning of the memory.</summary>
    public int Offset { get; private set; }

    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Where the next record begins.</summary>
    public readonly int End => _next;

    /// <summary>Whether bytes are left that are no whole record; only after <see cref="Next"/> said no.</summary>
    public readonly bool BrokeOff => _next < _records.Length;

    public bool Next()
    {
        var rest = _records[_next..];
        if (rest.Length < McapFormat.RecordHeadBytes)
        {
            return false;
        }

        var length = McapFormat.RecordLength(rest);
        if (length > (ulong)(rest.Length - McapFormat.RecordHeadBytes))
        {
            return false;
        }

        (Opcode, Offset) = ((McapOpcode)rest[0], _next);
        Content = rest.Slice(McapFormat.RecordHeadBytes, (int)length);
        _next += McapFormat.RecordHeadBytes + (int)length;
        return true;
    }
}
