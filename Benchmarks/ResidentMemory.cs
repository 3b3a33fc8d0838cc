using Microsoft.Win32.SafeHandles;

namespace Forecast.Benchmarks;

/// <summary>
/// The process's resident memory as Linux counts it, read without allocating: the file stays open, and each reading asks for its text anew.
/// </summary>
public sealed class ResidentMemory : IDisposable
{
    private readonly SafeFileHandle _statm = File.OpenHandle("/proc/self/statm");
    private readonly byte[] _text = new byte[128];

    public long ReadBytes() => PagesOf(_text.AsSpan(0, RandomAccess.Read(_statm, _text, 0))) * Environment.SystemPageSize;

    public void Dispose() => _statm.Dispose();

    /// <summary>The second number of the line: pages that are resident.</summary>
    /// <exception cref="FormatException">The line has no second number.</exception>
    internal static long PagesOf(ReadOnlySpan<byte> line)
    {
        var rest = line[(line.IndexOf((byte)' ') + 1)..];
        var end = rest.IndexOf((byte)' ');
        return end > 0 && System.Buffers.Text.Utf8Parser.TryParse(rest[..end], out long pages, out _) ? pages : throw new FormatException("/proc/self/statm does not read as Linux writes it");
    }
}
