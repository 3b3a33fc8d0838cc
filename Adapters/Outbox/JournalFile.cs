using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Outbox;

/// <summary>
/// The journal's file: "FCEVENT1" and then records, appended to, or made anew as a whole. Locked for its life against a second process. Whatever went wrong with
/// a write, the file is made anew before the next one: a failed fsync may have thrown away what it was to keep. One thread at a time.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    /// <summary>None of ours is larger; what is, is not read.</summary>
    internal const int LargestFile = 1 << 26;

    private const int WouldBlock = 11; // EAGAIN, what a lock that another holds gives
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly byte[] Magic = "FCEVENT1"u8.ToArray();

    private readonly string _path;
    private readonly string _folder;
    private readonly SafeFileHandle _lock;
    private SafeFileHandle? _file;

    /// <summary>Locks it; nothing is read or written yet.</summary>
    /// <exception cref="IOException">Another run holds it, or its folder cannot be had.</exception>
    internal JournalFile(string path)
    {
        _path = Path.GetFullPath(path);
        _folder = Path.GetDirectoryName(_path)!;
        try
        {
            _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(_folder) : Directory.CreateDirectory(_folder, OwnerOnly);

            // a file beside it: the journal itself is replaced as it is made anew, and a lock would go with it
            _lock = File.OpenHandle(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held) when (held.HResult == WouldBlock)
        {
            throw new IOException($"{_path}: another run holds this journal; give each run its own outbox.path, or each vehicle its own name", held);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{_folder}: cannot be written to ({denied.Message.TrimEnd('.')}); name another place in outbox.path", denied);
        }
    }

    /// <summary>What the file needs beside its records.</summary>
    internal static int Overhead => Magic.Length;

    /// <summary>False: only <see cref="Rewrite"/> is of use.</summary>
    internal bool IsOpen => _file is not null;

    internal long Length { get; private set; }

    private string Damaged => _path + ".damaged";

    /// <summary>What an earlier process left. What is spoilt is kept beside it, the last one only, before anything of it is lost.</summary>
    /// <param name="notice">One line about what was not as it should be; null where all was.</param>
    /// <exception cref="IOException">It cannot be read, or is somebody else's, and is left as it is.</exception>
    internal JournalScan Read(out string? notice)
    {
        notice = null;
        File.Delete(_path + ".part");
        if (!File.Exists(_path))
        {
            return JournalScan.Empty;
        }

        if (Content() is not { } bytes)
        {
            File.Move(_path, Damaged, overwrite: true);
            notice = $"{_path}: larger than any journal of ours, and was set aside as {Damaged}; what events it held are not sent";
            return JournalScan.Empty;
        }

        var scan = JournalScan.Of(bytes.AsSpan(Math.Min(Magic.Length, bytes.Length)));
        if (scan.DamagedBytes > 0)
        {
            notice = $"{_path}: {scan.DamagedBytes} bytes are spoilt, the {scan.Records.Count} events around them are whole; as it was it is kept as {Damaged}";
            File.Copy(_path, Damaged, overwrite: true);
        }
        else if (scan.TornBytes > 0)
        {
            notice = $"{_path}: an event that was being written when the process ended was cut off ({scan.TornBytes} bytes)";
        }

        return scan;
    }

    /// <summary>Durable when it returns.</summary>
    internal void Append(IReadOnlyList<JournalRecord> records)
    {
        var bytes = Packed(records, before: 0);
        try
        {
            RandomAccess.Write(_file!, bytes, Length);
            RandomAccess.FlushToDisk(_file!);
            Length += bytes.Length;
        }
        catch
        {
            using var spoilt = _file;
            _file = null;
            RandomAccess.SetLength(spoilt!, Length); // no half record, and none that would come a second time
            throw;
        }
    }

    /// <summary>The file anew, whole or not at all: written beside, made durable, and put in its place.</summary>
    internal void Rewrite(IReadOnlyList<JournalRecord> records)
    {
        var part = _path + ".part";
        var bytes = Packed(records, before: Magic.Length);
        Magic.CopyTo(bytes, 0);
        using var before = _file;
        _file = null;
        var beside = File.OpenHandle(part, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            RandomAccess.Write(beside, bytes, 0);
            RandomAccess.FlushToDisk(beside);
            File.Move(part, _path, overwrite: true);
            FolderSync.Flush(_folder);
        }
        catch
        {
            beside.Dispose();
            File.Delete(part); // a full disk needs the room
            throw;
        }

        _file = beside;
        Length = bytes.Length;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _lock.Dispose();
    }

    /// <summary>Null where it is larger than any of ours.</summary>
    private byte[]? Content()
    {
        try
        {
            // both ways: a pipe would keep whoever only reads waiting
            using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            Span<byte> start = stackalloc byte[Magic.Length];
            var read = RandomAccess.Read(file, start, 0);
            if (read == 0)
            {
                RandomAccess.Write(file, Magic, 0); // an empty file takes it, a device does not
                start = Magic;
            }

            var length = RandomAccess.GetLength(file);
            if (!start.SequenceEqual(Magic) || length < Magic.Length)
            {
                throw new IOException($"{_path}: is no event journal, and is left as it is; name another file in outbox.path, or delete it");
            }

            return length > LargestFile ? null : Whole(file, (int)length);
        }
        catch (NotSupportedException)
        {
            throw new IOException($"{_path}: is no ordinary file; name another in outbox.path");
        }
    }

    private static byte[] Whole(SafeFileHandle file, int length)
    {
        var bytes = new byte[length];
        var at = 0;
        while (at < length && RandomAccess.Read(file, bytes.AsSpan(at), at) is var read and > 0)
        {
            at += read;
        }

        return at == length ? bytes : bytes[..at];
    }

    private static byte[] Packed(IReadOnlyList<JournalRecord> records, int before)
    {
        var bytes = new byte[before + records.Sum(record => record.Bytes)];
        var at = before;
        foreach (var record in records)
        {
            record.Write(bytes.AsSpan(at));
            at += record.Bytes;
        }

        return bytes;
    }
}
