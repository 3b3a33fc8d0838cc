using Forecast.Adapters.Sqlite;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Inference;

namespace Forecast.Cli.Composition;

/// <summary>The episodic memory as the settings want it.</summary>
internal static class MemoryComposition
{
    /// <summary>Null where none is configured.</summary>
    /// <exception cref="UsageException">The file cannot be used.</exception>
    public static SqliteEpisodicMemory? Open(Settings settings, ModelManifest manifest, ConsoleOutput console)
    {
        if (settings.Memory.Path is not { } path)
        {
            return null;
        }

        try
        {
            var memory = SqliteEpisodicMemory.Open(path, manifest, settings.Memory.Rows, settings.Memory.Megabytes * 1_000_000L, console.Warning);
            console.Line($"memory {path}: {memory.Recall().Count} scenes of at most {memory.Capacity}{(manifest.Calibration.Novelty is null ? "; the model does not say when a scene is new" : "")}");
            return memory;
        }
        catch (EpisodeFileException fault)
        {
            throw new UsageException(fault.Message);
        }
    }
}
