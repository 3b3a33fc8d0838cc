using Forecast.Cli.Commands;

namespace Forecast.Cli;

/// <summary>Writes the summary whole or not at all: beside its place under another name, then renamed.</summary>
internal static class SummaryFile
{
    /// <summary>Tried before the run starts, so that no run is wasted.</summary>
    /// <exception cref="UsageException">Nothing can be written there.</exception>
    public static void CheckWritable(string path, string option = "--summary")
    {
        var folder = Path.GetDirectoryName(path) ?? "/";
        if (Directory.Exists(path))
        {
            throw new UsageException($"{option} {path}: this is a folder; name a file in it");
        }

        if (!Directory.Exists(folder))
        {
            throw new UsageException($"{option} {path}: there is no folder {folder}; make it with mkdir -p {folder}");
        }

        try
        {
            var temporary = TemporaryName(path);
            using (new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} {path}: the folder {folder} cannot be written to; name another, or change its rights");
        }
    }

    /// <exception cref="IOException">The disk is full or gone; what was there before is still there.</exception>
    public static void Write(string path, Summary summary)
    {
        var temporary = TemporaryName(path);
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                using var text = new StreamWriter(file, leaveOpen: true);
                text.WriteLine(SummaryJson.Write(summary));
                text.Flush();
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string TemporaryName(string path) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "/", $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
}
