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

    private readonly SqliteDatabase _database;
    private readonly SqliteStatement _write;
    private long _age;

    private EpisodeFile(SqliteDatabase database)
    {
        _database = database;
        _write = database.Prepare("INSERT OR REPLACE INTO episode(slot, age, descriptor, drive, moment_ns, risk_peak, risk_event) VALUES (?, ?, ?, ?, ?, ?, ?)");
        _age = long.Parse(database.Scalar("SELECT coalesce(max(age), 0) FROM episode")!, CultureInfo.InvariantCulture);
    }

    /// <summary>Opens the file, or makes one; a damaged one, and one of another model, is set aside under another name and a new one begun.</summary>
    /// <param name="mostBytes">Of the file itself.</param>
    /// <param name="log">Gets one line for each file that was set aside.</param>
    /// <exception cref="EpisodeFileException">It belongs to something else, is in use, or cannot be opened: one line.</exception>
    public static EpisodeFile Open(string path, ModelManifest manifest, int capacity, long mostBytes, Action<string> log)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (TryOpen(path, manifest, capacity, mostBytes, out var aside) is { } file)
                {
                    return file;
                }

                SetAside(path, $"model-{aside[..Math.Min(12, aside.Length)]}", "holds scenes of another model, whose descriptors cannot be compared", log);
            }
            catch (SqliteFault fault) when (fault.IsDamage && attempt == 0)
            {
                SetAside(path, "damaged", $"is damaged ({fault.Message})", log);
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
            database.Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304; BEGIN EXCLUSIVE; COMMIT");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count={Math.Max(64, mostBytes / PageBytes)}"));
            if (database.Scalar("PRAGMA quick_check(1)") is not "ok" and var damage)
            {
                throw new SqliteFault(LibSqlite.Corrupt, damage ?? "its check gave no answer");
            }

            Prepare(database, path, manifest);
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

    private static void Prepare(SqliteDatabase database, string path, ModelManifest manifest)
    {
        var application = database.Scalar("PRAGMA application_id");
        if (application == "0" && database.Scalar("SELECT count(*) FROM sqlite_master") == "0")
        {
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"""
                BEGIN;
                PRAGMA application_id={ApplicationId};
                CREATE TABLE memory(model_sha256 TEXT NOT NULL, dimension INTEGER NOT NULL);
                CREATE TABLE episode(slot INTEGER PRIMARY KEY, age INTEGER NOT NULL, descriptor BLOB NOT NULL, drive TEXT NOT NULL, moment_ns INTEGER NOT NULL, risk_peak REAL NOT NULL, risk_event INTEGER NOT NULL);
                INSERT INTO memory VALUES ('{manifest.Sha256}', {manifest.Shapes.Descriptor});
                COMMIT
                """));
        }
        else if (application != ApplicationId.ToString(CultureInfo.InvariantCulture))
        {
            throw new EpisodeFileException($"{path}: is a database of something else; name another file in memory.path");
        }
    }

    /// <summary>With its log, which is part of it.</summary>
    private static void SetAside(string path, string why, string said, Action<string> log)
    {
        var name = $"{path}.{why}";
        for (var i = 2; File.Exists(name); i++)
        {
            name = $"{path}.{why}-{i}";
        }

        try
        {
            File.Move(path, name);
            foreach (var part in (ReadOnlySpan<string>)["-wal", "-shm"])
            {
                if (File.Exists(path + part))
                {
                    File.Move(path + part, name + part);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EpisodeFileException($"{path}: {said}, and cannot be set aside ({e.Message.TrimEnd('.')}); move it away, or name another file in memory.path");
        }

        log($"memory {path} {said}: it was set aside as {name}, and a new one begun");
    }
}

/// <summary>The memory's file cannot be used: one line that says what, where and what to do.</summary>
public sealed class EpisodeFileException(string message) : Exception(message);
