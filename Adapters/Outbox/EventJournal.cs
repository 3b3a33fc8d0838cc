using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Outbox;

/// <summary>
/// Events on disk until they expire, so that they outlive the process: one file that is only appended to, and made anew without what has expired when it
/// would grow beyond its cap. <see cref="Append"/> never waits for the disk: a thread of its own writes what has gathered and makes it durable with one
/// fsync for all of it. A torn end, as a kill leaves it, is cut off at the next start and counted.
/// </summary>
/// <remarks>Expiry is by the wall clock, the only one that a restart survives; a clock set back keeps an event for longer, never for shorter.</remarks>
public sealed class EventJournal : IDisposable
{
    private static readonly byte[] Magic = "FCEVENT1"u8.ToArray();

    private readonly string _path;
    private readonly long _most;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<JournalRecord> _live = [];
    private readonly Queue<JournalRecord> _waiting = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly Thread _writer;
    private SafeFileHandle? _lock;
    private SafeFileHandle? _file;
    private long _length;
    private long _waitingBytes;
    private bool _writing;
    private bool _stopped;

    /// <summary>Opens the journal, or makes it. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where the file cannot be had.</summary>
    /// <param name="mostBytes">Of the file and of what waits for it; beyond, the oldest events go and are counted.</param>
    public EventJournal(string path, long mostBytes, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostBytes, 4096);
        _path = path;
        _most = mostBytes;
        _time = time;
        Lock();
        try
        {
            Recover();
        }
        catch
        {
            _file?.Dispose();
            _lock?.Dispose();
            throw;
        }

        _writer = new Thread(Write) { IsBackground = true, Name = "forecast-journal" };
        _writer.Start();
    }

    /// <summary>Events that were pushed out by the cap before they had expired.</summary>
    public long Dropped { get; private set; }

    /// <summary>Bytes of a torn end that were cut off at the start.</summary>
    public long TornBytes { get; private set; }

    /// <summary>Times that the disk refused; what it refused is tried again with the next event.</summary>
    public long Failures { get; private set; }

    /// <summary>Why it refused last; null where it takes what it is given.</summary>
    public string? Trouble { get; private set; }

    /// <summary>What has not expired, oldest first: after a start, to be sent again.</summary>
    public IReadOnlyList<JournalRecord> Unexpired()
    {
        lock (_gate)
        {
            Expire();
            return [.. _live];
        }
    }

    /// <summary>Takes an event; it is on disk soon after, with all that came with it.</summary>
    public void Append(JournalRecord record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Bytes, JournalRecord.LargestBody);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            Expire();
            _live.Add(record);
            _waiting.Enqueue(record);
            _waitingBytes += record.Bytes;
            Cap();
        }

        _work.Release();
    }

    /// <summary>Waits until all that was taken is durable. False where the time was too short or the disk refuses.</summary>
    public bool Flush(TimeSpan limit)
    {
        var until = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (true)
        {
            lock (_gate)
            {
                if (_waiting.Count == 0 && !_writing)
                {
                    return Trouble is null;
                }
            }

            if (Environment.TickCount64 >= until)
            {
                return false;
            }

            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
        }

        _work.Release();
        _writer.Join();
        _file?.Dispose();
        _lock?.Dispose();
        _work.Dispose();
    }

    /// <summary>Oldest first out, until the live ones fit. Under the gate.</summary>
    private void Cap()
    {
        var bytes = _live.Sum(record => (long)record.Bytes) + Magic.Length;
        while (bytes > _most && _live.Count > 1)
        {
            bytes -= _live[0].Bytes;
            _live.RemoveAt(0);
            Dropped++;
        }
    }

    private void Expire()
    {
        var now = _time.GetUtcNow();
        _live.RemoveAll(record => record.Expires <= now);
    }

    /// <summary>A file beside it, for the life of the process: the journal itself is replaced as it is made anew, and a lock would go with it.</summary>
    private void Lock()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        try
        {
            _lock = File.OpenHandle(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held)
        {
            throw new IOException($"{_path}: another run holds this journal, or its folder cannot be written; name another file ({held.Message.TrimEnd('.')})", held);
        }
    }

    private void Recover()
    {
        File.Delete(_path + ".part");
        var bytes = File.Exists(_path) ? File.ReadAllBytes(_path) : [];
        var at = bytes.AsSpan().StartsWith(Magic) ? Magic.Length : 0;
        if (bytes.Length > 0 && at == 0)
        {
            throw new IOException($"{_path}: is no event journal; name another file, or delete it");
        }

        var now = _time.GetUtcNow();
        while (at < bytes.Length && JournalRecord.Read(bytes.AsSpan(at)) is { } record)
        {
            at += record.Bytes;
            if (record.Expires > now)
            {
                _live.Add(record);
            }
        }

        TornBytes = bytes.Length - at;
        Cap();
        Rewrite([.. _live]);
    }

    private void Write()
    {
        var batch = new List<JournalRecord>();
        while (true)
        {
            _work.Wait();
            JournalRecord[]? whole = null;
            bool stop;
            lock (_gate)
            {
                batch.AddRange(_waiting);
                _waiting.Clear();
                stop = _stopped;
                if (batch.Count > 0 && (_length + _waitingBytes > _most || _file is null))
                {
                    Expire();
                    whole = [.. _live]; // what is to be written is among them
                }

                _waitingBytes = batch.Sum(record => (long)record.Bytes);
                _writing = batch.Count > 0;
            }

            if (batch.Count > 0)
            {
                Attempt(batch, whole);
            }

            if (stop)
            {
                return;
            }
        }
    }

    private void Attempt(List<JournalRecord> batch, JournalRecord[]? whole)
    {
        string? trouble = null;
        try
        {
            if (whole is not null)
            {
                Rewrite(whole);
            }
            else
            {
                Add(batch);
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            trouble = refused.Message;
        }

        lock (_gate)
        {
            Trouble = trouble;
            _writing = false;
            if (trouble is null)
            {
                _waitingBytes = _waiting.Sum(record => (long)record.Bytes);
                batch.Clear(); // else it goes with the next one
            }
            else
            {
                Failures++;
            }
        }
    }

    private void Add(List<JournalRecord> batch)
    {
        var bytes = Packed(batch);
        try
        {
            RandomAccess.Write(_file!, bytes, _length);
            RandomAccess.FlushToDisk(_file!);
            _length += bytes.Length;
        }
        catch
        {
            RandomAccess.SetLength(_file!, _length); // half a record would hide all that come after it
            throw;
        }
    }

    /// <summary>The file anew, whole or not at all: written beside, made durable, and put in its place.</summary>
    private void Rewrite(IReadOnlyList<JournalRecord> records)
    {
        var part = _path + ".part";
        byte[] bytes = [.. Magic, .. Packed(records)];
        using (var beside = File.OpenHandle(part, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            RandomAccess.Write(beside, bytes, 0);
            RandomAccess.FlushToDisk(beside);
        }

        _file?.Dispose();
        _file = null;
        File.Move(part, _path, overwrite: true);
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        _length = bytes.Length;
    }

    private static byte[] Packed(IReadOnlyList<JournalRecord> records)
    {
        var bytes = new byte[records.Sum(record => record.Bytes)];
        var at = 0;
        foreach (var record in records)
        {
            record.Write(bytes.AsSpan(at));
            at += record.Bytes;
        }

        return bytes;
    }
}
