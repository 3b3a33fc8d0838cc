using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;

namespace Forecast.Adapters.Sqlite;

/// <summary>
/// The episodic memory's database: a table of scenes by slot, and whose descriptors they are. In WAL mode, so that a killed process loses at most the
/// transaction under way; held exclusively, so that two runs never write it at once. One thread at a time.
/// </summary>
internal sealed class EpisodeFile : IDisposable
{
    private const int ApplicationId = 0x46634D31; // "FcM1"
    private const int PageBytes = 4096;
    private const int HeaderBytes = 100;
    private const int ApplicationIdAt = 68;
    private const int MostSetAside = 3; // what was damaged, what another model left, what this model left and is damaged too
    private static readonly string[] _logs = ["-wal", "-shm"];

    private readonly SqliteDatabase _database;
    private readonly SqliteStatement _write;
    private long _age;

    private EpisodeFile(SqliteDatabase database)
    {
        _database = database;
        _write = database.Prepare("INSERT OR REPLACE INTO episode(slot, age, descriptor, drive, moment_ns, risk_peak, risk_event) VALUES (?, ?, ?, ?, ?, ?, ?)");
        _age = long.Parse(database.Scalar("SELECT coalesce(max(age), 0) FROM episode")!, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Opens the file, or makes one. A memory that is damaged is set aside, one at most; so is another model's, one a model, and what this model had
    /// set aside is taken back. A file that is no memory is left as it is.
    /// </summary>
    /// <param name="mostBytes">Of the file itself.</param>
    /// <param name="log">Gets one line for each file that was set aside.</param>
    /// <exception cref="EpisodeFileException">It is something else, is in use, or cannot be opened: one line.</exception>
    public static EpisodeFile Open(string path, ModelManifest manifest, int capacity, long mostBytes, Action<string> log)
    {
        for (var aside = 0; ; aside++)
        {
            var header = HeaderOf(path);
            if (header == DatabaseHeader.Foreign)
            {
                throw new EpisodeFileException($"{path}: is no memory of forecast's, and is left as it is; name another file in memory.path");
            }

            try
            {
                if (TryOpen(path, manifest, capacity, mostBytes, out var other) is { } file)
                {
                    return file;
                }

                ChangeModel(path, other, manifest.Sha256, log);
            }
            catch (SqliteFault fault) when (fault.IsDamage && header == DatabaseHeader.Memory && aside < MostSetAside)
            {
                var name = $"{path}.damaged";
                Move(path, name, path);
                log($"memory {path} is damaged ({fault.Message}): it was set aside as {name}, and a new one begun");
            }
            catch (SqliteFault fault)
            {
                throw new EpisodeFileException(fault.Code == LibSqlite.Busy
                    ? $"{path}: another run holds this memory; give each run its own memory.path"
                    : $"{path}: cannot be used as a memory ({fault.Message}); check the folder and its rights, or name another file in memory.path");
            }
        }
    }

    /// <summary>In the order of slots; rows that make no sense are left out.</summary>
    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public List<Episode> ReadAll()
    {
        var episodes = new List<Episode>();
        using var statement = _database.Prepare("SELECT slot, age, descriptor, drive, moment_ns, risk_peak, risk_event FROM episode ORDER BY slot");
        while (statement.Step())
        {
            var descriptor = MemoryMarshal.Cast<byte, float>(statement.Blob(2)).ToArray();
            var facts = new EpisodeFacts(statement.Text(3), new Timestamp(statement.Integer(4)), (float)statement.Real(5), statement.Integer(6) != 0);
            episodes.Add(new Episode((int)statement.Integer(0), statement.Integer(1), facts, descriptor));
        }

        return episodes;
    }

    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public void Begin() => _database.Execute("BEGIN");

    /// <exception cref="SqliteFault">SQLite refuses; nothing of the transaction is kept.</exception>
    public void Commit() => _database.Execute("COMMIT");

    public void Abandon()
    {
        try
        {
            _database.Execute("ROLLBACK");
        }
        catch (SqliteFault)
        {
            // SQLite has rolled back by itself: there is nothing more to abandon.
        }
    }

    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public void Write(int slot, in EpisodeFacts facts, ReadOnlySpan<float> descriptor)
    {
        _write.Bind(1, (long)slot);
        _write.Bind(2, ++_age);
        _write.Bind(3, MemoryMarshal.AsBytes(descriptor));
        _write.Bind(4, facts.Drive);
        _write.Bind(5, facts.Moment.Nanoseconds);
        _write.Bind(6, (double)facts.RiskPeak);
        _write.Bind(7, facts.RiskEvent ? 1L : 0L);
        try
        {
            _write.Step();
        }
        finally
        {
            _write.Reset();
        }
    }

    public void Dispose()
    {
        _write.Dispose();
        _database.Dispose(); // moves the log into the file and removes it
    }

    /// <param name="otherModel">The model whose scenes it holds, where that is another one.</param>
    private static EpisodeFile? TryOpen(string path, ModelManifest manifest, int capacity, long mostBytes, out string otherModel)
    {
        otherModel = "";
        var database = new SqliteDatabase(path);
        try
        {
            database.Execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
            Claim(database, path);
            database.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304; BEGIN EXCLUSIVE; COMMIT");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count={Math.Max(64, mostBytes / PageBytes)}"));
            if (database.Scalar("PRAGMA quick_check(1)") is not "ok" and var damage)
            {
                throw new SqliteFault(LibSqlite.Corrupt, damage ?? "its check gave no answer");
            }

            Prepare(database, manifest);
            otherModel = database.Scalar("SELECT model_sha256 FROM memory") ?? "unknown";
            if (otherModel == manifest.Sha256)
            {
                database.Execute(string.Create(CultureInfo.InvariantCulture, $"DELETE FROM episode WHERE slot >= {capacity} OR length(descriptor) <> {manifest.Shapes.Descriptor * sizeof(float)}"));
                return new EpisodeFile(database);
            }
        }
        catch
        {
            database.Dispose();
            throw;
        }

        database.Dispose();
        return null;
    }

    /// <summary>Before anything is written: a new file is marked as a memory at once, so that it is known as one even when it is damaged later.</summary>
    private static void Claim(SqliteDatabase database, string path)
    {
        var application = database.Scalar("PRAGMA application_id");
        if (application == "0" && database.Scalar("SELECT count(*) FROM sqlite_master") == "0")
        {
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id={ApplicationId}"));
        }
        else if (application != ApplicationId.ToString(CultureInfo.InvariantCulture))
        {
            throw new EpisodeFileException($"{path}: is a database of something else; name another file in memory.path");
        }
    }

    private static void Prepare(SqliteDatabase database, ModelManifest manifest) => database.Execute(string.Create(CultureInfo.InvariantCulture, $"""
        BEGIN;
        CREATE TABLE IF NOT EXISTS memory(model_sha256 TEXT NOT NULL, dimension INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS episode(slot INTEGER PRIMARY KEY, age INTEGER NOT NULL, descriptor BLOB NOT NULL, drive TEXT NOT NULL, moment_ns INTEGER NOT NULL, risk_peak REAL NOT NULL, risk_event INTEGER NOT NULL);
        INSERT INTO memory SELECT '{manifest.Sha256}', {manifest.Shapes.Descriptor} WHERE NOT EXISTS (SELECT 1 FROM memory);
        COMMIT
        """));

    /// <summary>Sets the other model's scenes aside, and takes back those that this one had set aside.</summary>
    private static void ChangeModel(string path, string other, string own, Action<string> log)
    {
        var name = AsideOf(path, other);
        Move(path, name, path);
        var back = AsideOf(path, own);
        if (HeaderOf(back) == DatabaseHeader.Memory)
        {
            Move(back, path, path);
            log($"memory {path} held scenes of another model, whose descriptors cannot be compared: they were set aside as {name}, and this model's taken back");
        }
        else
        {
            log($"memory {path} holds scenes of another model, whose descriptors cannot be compared: it was set aside as {name}, and a new one begun");
        }
    }

    private static DatabaseHeader HeaderOf(string path)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        try
        {
            if (!File.Exists(path))
            {
                return DatabaseHeader.None;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
            if (length < HeaderBytes || !header.StartsWith("SQLite format 3\0"u8))
            {
                return length == 0 ? DatabaseHeader.None : DatabaseHeader.Foreign;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EpisodeFileException($"{path}: cannot be read ({e.Message.TrimEnd('.')}); check the file and its rights, or name another one in memory.path");
        }

        return BinaryPrimitives.ReadInt32BigEndian(header[ApplicationIdAt..]) switch
        {
            ApplicationId => DatabaseHeader.Memory,
            0 => DatabaseHeader.Unmarked,
            _ => DatabaseHeader.Foreign,
        };
    }

    private static string AsideOf(string path, string model) => $"{path}.model-{model[..Math.Min(12, model.Length)]}";

    /// <summary>With its log, which is part of it; in place of what an earlier one left there.</summary>
    private static void Move(string from, string to, string path)
    {
        try
        {
            File.Move(from, to, overwrite: true);
            foreach (var part in _logs)
            {
                File.Delete(to + part);
                if (File.Exists(from + part))
                {
                    File.Move(from + part, to + part);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EpisodeFileException($"{path}: {from} cannot be renamed to {to} ({e.Message.TrimEnd('.')}); move it away, or name another file in memory.path");
        }
    }

    /// <summary>What a file says of itself before SQLite is let near it: its first hundred bytes, as SQLite's file format lays them out.</summary>
    private enum DatabaseHeader
    {
        /// <summary>There is no file, or an empty one.</summary>
        None,

        /// <summary>A database that nobody has put a mark on: SQLite will tell what it holds.</summary>
        Unmarked,

        Memory,

        /// <summary>Another's database, or none at all.</summary>
        Foreign,
    }
}

/// <summary>The memory's file cannot be used: one line that says what, where and what to do.</summary>
public sealed class EpisodeFileException(string message) : Exception(message);
