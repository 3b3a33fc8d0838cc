using Forecast.Adapters.Outbox;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Composition;

/// <summary>The events' file as the settings want it. Whatever is wrong with it is said in one line and never stops a run.</summary>
internal static class OutboxComposition
{
    /// <summary>Null where it cannot be had.</summary>
    public static EventJournal? Open(OutboxSettings settings, TimeProvider time, ConsoleOutput console)
    {
        if (settings.Path is not { } path)
        {
            Warn(console, "there is no folder for state: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME names one; name a file in outbox.path");
            return null;
        }

        try
        {
            var journal = new EventJournal(path, settings.Bytes, time);
            if (journal.Notice is { } notice)
            {
                console.Warning($"outbox: {notice}");
            }

            console.Line($"outbox {path}: {journal.Unexpired().Count} events of an earlier run");
            return journal;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Warn(console, fault.Message);
            return null;
        }
    }

    private static void Warn(ConsoleOutput console, string why) => console.Warning($"outbox: {why}; events wait in memory, and a restart would lose them");
}
