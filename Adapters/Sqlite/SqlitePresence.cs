using System.Runtime.InteropServices;

namespace Forecast.Adapters.Sqlite;

/// <summary>Whether SQLite is here and loads.</summary>
public static class SqlitePresence
{
    /// <summary>Its version; null where it is not installed.</summary>
    public static string? Version()
    {
        try
        {
            return Marshal.PtrToStringUTF8(LibSqlite.Version());
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }
}
