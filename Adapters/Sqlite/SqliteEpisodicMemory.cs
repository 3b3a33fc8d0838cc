using System.Threading.Channels;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;

namespace Forecast.Adapters.Sqlite;

/// <summary>
/// The episodic memory on disk. Scenes are handed over through a bounded channel of rows that are used again and again, and written by a
/// thread of its own, all that wait in one transaction. What cannot be written is counted and said once; the run goes on without.
/// </summary>
public sealed class SqliteEpisodicMemory : IEpisodicMemory
{
    /// <summary>Rows that may wait: a minute of them, at one a second.</summary>
    internal const int MostWaiting = 64;

    /// <summary>What a row takes in the file beside its descriptor, names and pages half full included.</summary>
    private const int RowBytes = 256;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly EpisodeFile _file;
    private readonly Action<string> _log;
    private readonly Channel<Row> _waiting = Channel.CreateBounded<Row>(new BoundedChannelOptions(MostWaiting) { SingleWriter = true });
    private readonly Channel<Row> _free = Channel.CreateBounded<Row>(MostWaiting);
    private readonly AutoResetEvent _handedOver = new(false);
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private long _dropped;
    private long _written;
    private string? _trouble;
    private volatile bool _stopping;

    private SqliteEpisodicMemory(string path, EpisodeFile file, int capacity, int dimension, Action<string> log)
    {
        _path = path;
        _file = file;
        _log = log;
        Capacity = capacity;
        for (var i = 0; i < MostWaiting; i++)
        {
            _waiting.Writer.TryWrite(new Row(dimension)); // through both, so that neither channel has to grow later
        }

        while (_waiting.Reader.TryRead(out var row))
        {
            _free.Writer.TryWrite(row);
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "memory", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    public int Capacity { get; }

    /// <summary>Scenes that were not written: too many waited, or SQLite refused.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public long Written => Interlocked.Read(ref _written);

    /// <summary>Opens the file, or makes one.</summary>
    /// <param name="rows">At most so many scenes, and no more than fit into <paramref name="bytes"/>.</param>
    /// <param name="log">Gets one line for each thing worth saying; also from the memory's own thread.</param>
    /// <exception cref="EpisodeFileException">The file cannot be used: one line.</exception>
    public static SqliteEpisodicMemory Open(string path, ModelManifest manifest, int rows, long bytes, Action<string> log)
    {
        var dimension = manifest.Shapes.Descriptor;
        var capacity = (int)Math.Clamp(bytes / ((dimension * sizeof(float)) + RowBytes), 1, rows);
        try
        {
            return new SqliteEpisodicMemory(path, EpisodeFile.Open(path, manifest, capacity, bytes, log), capacity, dimension, log);
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new EpisodeFileException("the memory needs SQLite, which is not installed: run eng/setup.sh, or leave memory.path out");
        }
    }

    public IReadOnlyList<Episode> Recall()
    {
        lock (_gate)
        {
            WriteWaiting();
            try
            {
                return _file.ReadAll();
            }
            catch (SqliteFault fault)
            {
                Say(fault);
                return [];
            }
        }
    }

    public bool Keep(int slot, in EpisodeFacts facts, ReadOnlySpan<float> descriptor)
    {
        if (!_free.Reader.TryRead(out var row))
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }

        row.Slot = slot;
        row.Facts = facts;
        descriptor.CopyTo(row.Descriptor);
        _waiting.Writer.TryWrite(row); // has as much room as there are rows
        _handedOver.Set();
        return true;
    }

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        _handedOver.Set();
        if (!_thread.Join(StopLimit))
        {
            return; // the disk hangs: what waits is lost with the process, and what is written is safe
        }

        _file.Dispose();
        _handedOver.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                WriteWaiting();
            }

            if (_stopping && _waiting.Reader.Count == 0)
            {
                return;
            }

            _handedOver.WaitOne();
        }
    }

    /// <summary>In one transaction; under the lock.</summary>
    private void WriteWaiting()
    {
        if (_waiting.Reader.Count == 0)
        {
            return;
        }

        var rows = 0;
        try
        {
            _file.Begin();
            while (_waiting.Reader.TryRead(out var row))
            {
                rows++;
                try
                {
                    _file.Write(row.Slot, row.Facts, row.Descriptor);
                }
                finally
                {
                    _free.Writer.TryWrite(row);
                }
            }

            _file.Commit();
            Interlocked.Add(ref _written, rows);
            _trouble = null;
        }
        catch (SqliteFault fault)
        {
            _file.Abandon();
            Interlocked.Add(ref _dropped, DropWaiting(rows));
            Say(fault);
        }
    }

    /// <summary>Those that wait would meet the same fault: the next one tries again.</summary>
    private int DropWaiting(int already)
    {
        while (_waiting.Reader.TryRead(out var row))
        {
            _free.Writer.TryWrite(row);
            already++;
        }

        return already;
    }

    private void Say(SqliteFault fault)
    {
        if (_trouble != fault.Message)
        {
            _trouble = fault.Message;
            _log($"memory {_path}: {fault.Message}; scenes are not kept until that is mended, the run goes on");
        }
    }

    private sealed class Row(int dimension)
    {
        public int Slot { get; set; }

        public EpisodeFacts Facts { get; set; }

        public float[] Descriptor { get; } = new float[dimension];
    }
}
