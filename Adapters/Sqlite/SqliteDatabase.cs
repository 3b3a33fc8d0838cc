using System.Runtime.InteropServices;

namespace Forecast.Adapters.Sqlite;

/// <summary>One open database file. One thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private nint _handle;

    /// <exception cref="SqliteFault">It cannot be opened.</exception>
    public SqliteDatabase(string path)
    {
        var code = LibSqlite.Open(path, out _handle, LibSqlite.OpenReadWriteCreate | LibSqlite.OpenFullMutex, 0);
        if (code != LibSqlite.Ok)
        {
            var fault = Fault(code);
            Dispose();
            throw fault;
        }
    }

    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public void Execute(string sql)
    {
        var code = LibSqlite.Execute(_handle, sql, 0, 0, 0);
        if (code != LibSqlite.Ok)
        {
            throw Fault(code);
        }
    }

    /// <summary>The first column of the first row; null where there is no row.</summary>
    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public string? Scalar(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.Text(0) : null;
    }

    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public SqliteStatement Prepare(string sql)
    {
        var code = LibSqlite.Prepare(_handle, sql, -1, out var statement, 0);
        return code == LibSqlite.Ok ? new SqliteStatement(this, statement) : throw Fault(code);
    }

    public SqliteFault Fault(int code) => new(code, Marshal.PtrToStringUTF8(LibSqlite.Message(_handle)) ?? "no message");

    public void Dispose()
    {
        _ = LibSqlite.Close(_handle);
        _handle = 0;
    }
}

/// <summary>A prepared statement; parameters count from 1, columns from 0.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, nint handle) : IDisposable
{
    public void Bind(int parameter, long value) => Check(LibSqlite.Bind(handle, parameter, value));

    public void Bind(int parameter, double value) => Check(LibSqlite.Bind(handle, parameter, value));

    public void Bind(int parameter, string value) => Check(LibSqlite.Bind(handle, parameter, value, -1, LibSqlite.Transient));

    public unsafe void Bind(int parameter, ReadOnlySpan<byte> value)
    {
        fixed (byte* bytes = value)
        {
            Check(LibSqlite.Bind(handle, parameter, bytes, value.Length, LibSqlite.Transient));
        }
    }

    /// <summary>True where there is a row; false at the end.</summary>
    /// <exception cref="SqliteFault">SQLite refuses.</exception>
    public bool Step()
    {
        var code = LibSqlite.Step(handle);
        return code == LibSqlite.Row || (code == LibSqlite.Done ? false : throw database.Fault(code));
    }

    /// <summary>Ready for the next values; what went wrong has been thrown by <see cref="Step"/>.</summary>
    public void Reset() => _ = LibSqlite.Reset(handle);

    public long Integer(int column) => LibSqlite.Integer(handle, column);

    public double Real(int column) => LibSqlite.Real(handle, column);

    public string Text(int column) => Marshal.PtrToStringUTF8(LibSqlite.Text(handle, column)) ?? "";

    /// <summary>Valid until the next step.</summary>
    public unsafe ReadOnlySpan<byte> Blob(int column) => new(LibSqlite.Blob(handle, column), LibSqlite.Bytes(handle, column));

    public void Dispose() => _ = LibSqlite.Finalise(handle);

    private void Check(int code)
    {
        if (code != LibSqlite.Ok)
        {
            throw database.Fault(code);
        }
    }
}

/// <summary>SQLite refused, with its primary result code.</summary>
internal sealed class SqliteFault(int code, string message) : Exception(message)
{
    /// <summary>Without the extension in the upper bits.</summary>
    public int Code { get; } = code & 0xFF;

    /// <summary>The file is damaged, or no database at all.</summary>
    public bool IsDamage => Code is LibSqlite.Corrupt or LibSqlite.NotADatabase;
}
