using Forecast.Adapters.Drives;

namespace Forecast.Cli.Commands;

/// <summary>The drives that lie in data-samples, each a folder with a drive.json.</summary>
internal static class SampleDrives
{
    private const string Manifest = "drive.json";

    /// <summary>The folder of a drive given by the name of a sample or by its path.</summary>
    /// <exception cref="UsageException">There is none; the samples are named.</exception>
    public static string Resolve(string drive, CommandHost host)
    {
        var path = Path.GetFullPath(drive, host.CurrentFolder);
        if (File.Exists(Path.Combine(path, Manifest)))
        {
            return path;
        }

        if (Find(drive, host) is { } sample)
        {
            return sample;
        }

        var names = Names(host);
        var meant = Suggestion.For(drive, names);
        throw new UsageException(
            $"--drive {drive}: no such sample, and {path} has no {Manifest}{(meant is null ? "" : $"; did you mean {meant}?")}; " +
            $"samples: {(names.Count == 0 ? $"none in {Folder(host)}" : string.Join(", ", names))}");
    }

    /// <summary>The folder of a sample of this name; null when there is none.</summary>
    public static string? Find(string name, CommandHost host)
    {
        if (name.Length == 0 || name.AsSpan().IndexOfAny('/', '\\') >= 0 || name[0] == '.')
        {
            return null;
        }

        var folder = Path.Combine(Folder(host), name);
        return File.Exists(Path.Combine(folder, Manifest)) ? folder : null;
    }

    public static IReadOnlyList<string> Names(CommandHost host) => Directory.Exists(Folder(host))
        ? [.. Directory.GetDirectories(Folder(host)).Where(folder => File.Exists(Path.Combine(folder, Manifest))).Select(folder => Path.GetFileName(folder)).Order()]
        : [];

    private static string Folder(CommandHost host) => Path.Combine(host.InstallationRoot, "data-samples");
}
