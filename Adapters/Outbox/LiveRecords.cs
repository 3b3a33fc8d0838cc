namespace Forecast.Adapters.Outbox;

/// <summary>A record that has not expired.</summary>
internal sealed class LiveRecord(JournalRecord record)
{
    public JournalRecord Record { get; } = record;

    /// <summary>It is on disk.</summary>
    public bool Written { get; set; }
}

/// <summary>What a journal has to keep, oldest first, on disk or not yet: never more than it may. One thread at a time.</summary>
internal sealed class LiveRecords(long mostBytes, int mostRecords)
{
    private readonly List<LiveRecord> _records = [];
    private long _bytes;

    /// <summary>Pushed out before they had expired.</summary>
    internal long Dropped { get; private set; }

    /// <summary>The oldest make room for it.</summary>
    internal void Add(JournalRecord record)
    {
        _records.Add(new LiveRecord(record));
        _bytes += record.Bytes;
        var gone = 0;
        while (_bytes > mostBytes || _records.Count - gone > mostRecords)
        {
            _bytes -= _records[gone++].Record.Bytes;
        }

        _records.RemoveRange(0, gone);
        Dropped += gone;
    }

    internal void Expire(DateTimeOffset now)
    {
        if (_records.RemoveAll(one => one.Record.Expires <= now) > 0)
        {
            _bytes = _records.Sum(one => (long)one.Record.Bytes);
        }
    }

    internal List<LiveRecord> All() => [.. _records];

    internal List<LiveRecord> Unwritten() => _records.FindAll(one => !one.Written);

    internal IReadOnlyList<JournalRecord> Records() => [.. _records.Select(one => one.Record)];
}
