namespace Forecast.Adapters.Outbox;

/// <summary>
/// Events on disk until they expire, so that they outlive the process. <see cref="Append"/> never waits for the disk and never throws: a thread of its own
/// writes what has gathered and makes it durable with one fsync for all of it. What the disk refuses is tried again after a second, and with the next event; meanwhile
/// it waits here, under the same cap as what lies on disk.
/// </summary>
/// <remarks>
/// What has expired leaves the file only when that is made anew, which is when it would grow beyond its cap: until then the file is larger than what it is worth, and never
/// larger than the cap. Expiry is by the wall clock, the only one that a restart survives; a clock set back keeps an event for longer, never for shorter.
/// </remarks>
public sealed class EventJournal : IDisposable
{
    public const int LeastBytes = 4096;
    public const int MostBytes = JournalFile.LargestFile;

    /// <summary>Many times what a minute of edges is; bounds what tiny events would fill a large file with.</summary>
    internal const int MostRecords = 4096;

    internal static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);

    private readonly JournalFile _file;
    private readonly long _most;
    private readonly TimeProvider _time;
    private readonly LiveRecords _live;
    private readonly object _gate = new();
    private readonly ITimer _retry;
    private readonly Thread _writer;
    private long _fileBytes;
    private long _refused;
    private long _failures;
    private string? _trouble;
    private bool _due;
    private bool _stopped;

    /// <summary>Opens the journal, or makes it. A disk that refuses is no reason not to: see <see cref="Trouble"/>.</summary>
    /// <param name="mostBytes">Of the file and of what is live, <see cref="LeastBytes"/> to <see cref="MostBytes"/>; beyond, the oldest events go and are counted.</param>
    /// <exception cref="IOException">Another process holds it, it cannot be read, or it is something else.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public EventJournal(string path, long mostBytes, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostBytes, LeastBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mostBytes, MostBytes);
        Path = path;
        _most = mostBytes;
        _time = time;
        _live = new LiveRecords(mostBytes - JournalFile.Overhead, MostRecords);
        _file = new JournalFile(path);
        _retry = time.CreateTimer(_ => TryNow(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            Recover();
        }
        catch
        {
            _retry.Dispose();
            _file.Dispose();
            throw;
        }

        Attempt();
        _writer = new Thread(Write) { IsBackground = true, Name = "forecast-journal" };
        _writer.Start();
    }

    public string Path { get; }

    /// <summary>What the opening found that was not as it should be, in one line; null: nothing.</summary>
    public string? Notice { get; private set; }

    /// <summary>Bytes of a torn end that were cut off at the start.</summary>
    public long TornBytes { get; private set; }

    /// <summary>Bytes that were no record, found at the start; the file that had them is kept beside.</summary>
    public long DamagedBytes { get; private set; }

    /// <summary>Unexpired events that were pushed out by the cap.</summary>
    public long Dropped
    {
        get
        {
            lock (_gate)
            {
                return _live.Dropped;
            }
        }
    }

    /// <summary>Events that were not taken: too large, or after the end.</summary>
    public long Refused => Locked(ref _refused);

    /// <summary>Times that the disk refused.</summary>
    public long Failures => Locked(ref _failures);

    /// <summary>Of the file as it was last written.</summary>
    public long Bytes => Locked(ref _fileBytes);

    /// <summary>Why the disk refused last; null where it has taken all that it was given.</summary>
    public string? Trouble
    {
        get
        {
            lock (_gate)
            {
                return _trouble;
            }
        }
    }

    /// <summary>What has not expired, oldest first: after a start, to be sent again.</summary>
    public IReadOnlyList<JournalRecord> Unexpired()
    {
        lock (_gate)
        {
            _live.Expire(_time.GetUtcNow());
            return _live.Records();
        }
    }

    /// <summary>Takes an event; it is on disk soon after, with all that came with it. False, and counted, where it is too large or the journal is closed.</summary>
    public bool Append(JournalRecord record)
    {
        lock (_gate)
        {
            if (_stopped || !record.Fits || record.Bytes + JournalFile.Overhead > _most)
            {
                _refused++;
                return false;
            }

            _live.Expire(_time.GetUtcNow());
            _live.Add(record);
            _due = true;
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Waits until all that was taken is durable. False where the time was too short or the disk refuses.</summary>
    public bool Flush(TimeSpan limit)
    {
        var began = _time.GetTimestamp();
        lock (_gate)
        {
            var failures = _failures;
            _due = true;
            Monitor.PulseAll(_gate);
            while (_live.Unwritten().Count > 0)
            {
                if (_failures > failures || _time.GetElapsedTime(began) >= limit)
                {
                    return false;
                }

                Monitor.Wait(_gate, 1);
            }

            return _trouble is null;
        }
    }

    /// <summary>Writes what is left, once; a disk that hangs is not waited for.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
            Monitor.PulseAll(_gate);
        }

        _retry.Dispose();
        if (_writer.Join(FarewellLimit))
        {
            _file.Dispose();
        }
    }

    private void Recover()
    {
        var found = _file.Read(out var notice);
        (TornBytes, DamagedBytes, Notice) = (found.TornBytes, found.DamagedBytes, notice);
        var now = _time.GetUtcNow();
        foreach (var record in found.Records)
        {
            if (record.Expires > now)
            {
                _live.Add(record);
            }
        }
    }

    private void Write()
    {
        for (var stop = false; !stop;)
        {
            lock (_gate)
            {
                while (!_due && !_stopped)
                {
                    Monitor.Wait(_gate);
                }

                _due = false;
                stop = _stopped;
            }

            Attempt();
        }
    }

    /// <summary>Brings what is not yet on disk there; whatever goes wrong is noted, and tried again.</summary>
    private void Attempt()
    {
        var batch = Gather(out var whole);
        string? trouble = null;
        try
        {
            if (whole)
            {
                _file.Rewrite([.. batch.Select(entry => entry.Record)]);
            }
            else if (batch.Count > 0)
            {
                _file.Append([.. batch.Select(entry => entry.Record)]);
            }
        }
        catch (Exception refused) // of any kind: on a thread of our own it would end the process
        {
            trouble = refused.Message;
        }

        lock (_gate)
        {
            _trouble = trouble;
            _fileBytes = _file.Length;
            if (trouble is null)
            {
                foreach (var entry in batch)
                {
                    entry.Written = true;
                }
            }
            else
            {
                _failures++;
                _retry.Change(RetryAfter, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>What is to be written: what is not yet on disk, or all that is live where the file must be made anew.</summary>
    private List<LiveRecord> Gather(out bool whole)
    {
        lock (_gate)
        {
            _live.Expire(_time.GetUtcNow());
            var batch = _live.Unwritten();
            whole = !_file.IsOpen || (batch.Count > 0 && _file.Length + batch.Sum(entry => (long)entry.Record.Bytes) > _most);
            return whole ? _live.All() : batch;
        }
    }

    private void TryNow()
    {
        lock (_gate)
        {
            _due = true;
            Monitor.PulseAll(_gate);
        }
    }

    private long Locked(ref long value)
    {
        lock (_gate)
        {
            return value;
        }
    }
}
