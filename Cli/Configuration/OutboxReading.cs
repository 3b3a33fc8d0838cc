namespace Forecast.Cli.Configuration;

/// <summary>Reads what is below "outbox", and where the file lies when nobody says.</summary>
internal static class OutboxReading
{
    private const string None = "none";

    /// <returns>Null where none is wanted.</returns>
    public static OutboxSettings? From(SettingReader read, string vehicle, IReadOnlyDictionary<string, string> environment)
    {
        var standard = new OutboxSettings();
        var path = read.OptionalText("outbox.path");
        var bytes = read.Whole("outbox.bytes", standard.Bytes, OutboxSettings.LeastBytes, OutboxSettings.MostBytes);
        return path == None ? null : new OutboxSettings
        {
            Path = path is null ? Default(vehicle, environment) : Path.GetFullPath(path, read.OriginOf("outbox.path").Folder),
            Bytes = bytes,
        };
    }

    /// <summary>Of the service where systemd gave it a folder, else of the user by the XDG base directories; null where neither is known.</summary>
    private static string? Default(string vehicle, IReadOnlyDictionary<string, string> environment)
    {
        var service = environment.GetValueOrDefault("STATE_DIRECTORY")?.Split(':')[0];
        var user = environment.GetValueOrDefault("XDG_STATE_HOME");
        var home = environment.GetValueOrDefault("HOME");
        var folder = IsFolder(service) ? service
            : IsFolder(user) ? Path.Combine(user!, "forecast")
            : IsFolder(home) ? Path.Combine(home!, ".local", "state", "forecast")
            : null;
        return folder is null ? null : Path.Combine(folder, vehicle, "events.journal");
    }

    /// <summary>What is not absolute is to be ignored, says XDG.</summary>
    private static bool IsFolder(string? path) => path is not null && Path.IsPathFullyQualified(path);
}
