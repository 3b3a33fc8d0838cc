namespace Forecast.Adapters.Outbox;

/// <summary>What a journal's bytes hold: every record that is whole, also behind one that is spoilt.</summary>
/// <param name="TornBytes">Of a record at the end that was never written whole, as a kill leaves it.</param>
/// <param name="DamagedBytes">Of everything else that is no record.</param>
internal sealed record JournalScan(IReadOnlyList<JournalRecord> Records, long TornBytes, long DamagedBytes)
{
    /// <summary>Bytes that the search for the next record may put through the checksum: a hostile file could have one begin at every byte.</summary>
    private const long MostEffort = 1L << 28;

    internal static JournalScan Empty { get; } = new([], 0, 0);

    internal static JournalScan Of(ReadOnlySpan<byte> bytes)
    {
        var records = new List<JournalRecord>();
        var effort = MostEffort;
        var damaged = 0L;
        var at = 0;
        while (at < bytes.Length)
        {
            if (JournalRecord.Read(bytes[at..]) is { } record)
            {
                records.Add(record);
                at += record.Bytes;
                continue;
            }

            var next = Next(bytes, at + 1, ref effort);
            if (next < 0)
            {
                var rest = bytes.Length - at;
                return JournalRecord.IsCutShort(bytes[at..]) ? new(records, rest, damaged) : new(records, 0, damaged + rest);
            }

            damaged += next - at;
            at = next;
        }

        return new(records, 0, damaged);
    }

    /// <summary>Where the next whole record begins; negative where there is none, or none was found with what effort was left.</summary>
    private static int Next(ReadOnlySpan<byte> bytes, int from, ref long effort)
    {
        for (var at = from; at <= bytes.Length - JournalRecord.FrameBytes; at++)
        {
            if (!JournalRecord.MayBeginAt(bytes[at..], out var length))
            {
                continue;
            }

            effort -= length;
            if (effort < 0)
            {
                return -1;
            }

            if (JournalRecord.Read(bytes[at..]) is not null)
            {
                return at;
            }
        }

        return -1;
    }
}
