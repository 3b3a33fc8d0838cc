using System.Globalization;

namespace Forecast.Adapters.Sodium;

/// <summary>Reads a file once, whole, and within a limit, so that what was checked is what is used, and none can exhaust memory.</summary>
public static class WholeFile
{
    /// <param name="mostBytes">One byte more and it is refused; also of a device or a pipe, whose length nobody knows.</param>
    /// <exception cref="IOException">It is larger, or cannot be read.</exception>
    public static byte[] Read(string path, int mostBytes)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var expected = file.CanSeek ? (int)Math.Min(file.Length, mostBytes) : 0;
        using var content = new MemoryStream(expected);
        var part = new byte[Math.Min(mostBytes, 64 * 1024)];
        for (var count = file.Read(part); count > 0; count = file.Read(part))
        {
            if (content.Length + count > mostBytes)
            {
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"it is larger than {mostBytes:N0} bytes, so it is no such file"));
            }

            content.Write(part, 0, count);
        }

        return content.Length == content.Capacity ? content.GetBuffer() : content.ToArray();
    }
}
