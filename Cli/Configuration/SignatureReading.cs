using Forecast.Adapters.Sodium;

namespace Forecast.Cli.Configuration;

/// <summary>
/// Whose signatures are demanded. The key for the configuration, its rig and its calibration comes from outside of what it protects: from the
/// environment or the command line. The key for the model may stand in the configuration.
/// </summary>
internal static class SignatureReading
{
    private const string ConfigurationKeyPath = "config.key";
    private const int MostBytes = 4 << 20;

    /// <summary>The key that the file must be signed with, before any of it is read; null where none is given.</summary>
    /// <exception cref="SignatureException">It is no key, or cannot be read.</exception>
    public static MinisignKey? ConfigurationKey(SettingsInput input)
    {
        var given = input.Overrides.LastOrDefault(setting => setting.Path == ConfigurationKeyPath)?.Value
            ?? input.Environment.GetValueOrDefault(SettingsSchema.EnvironmentName(ConfigurationKeyPath));
        return string.IsNullOrEmpty(given) ? null : MinisignKey.Load(Path.GetFullPath(given, input.CurrentFolder));
    }

    /// <summary>Notes where the configuration's key came from; a file cannot vouch for itself.</summary>
    public static void NoteConfigurationKey(SettingReader read)
    {
        _ = read.FilePath(ConfigurationKeyPath);
        if (read.IsGiven(ConfigurationKeyPath) && read.OriginOf(ConfigurationKeyPath).Kind == OriginKind.File)
        {
            read.Fault(ConfigurationKeyPath, $"a file cannot vouch for itself: allowed are --set {ConfigurationKeyPath}=FILE and {SettingsSchema.EnvironmentName(ConfigurationKeyPath)}");
        }
    }

    /// <summary>A public key; null where none is given, or what is given is none, which is an error.</summary>
    public static MinisignKey? Key(SettingReader read, string path)
    {
        if (read.ExistingFile(path) is not { } file || !File.Exists(file))
        {
            return null;
        }

        try
        {
            return MinisignKey.Load(file);
        }
        catch (SignatureException fault)
        {
            read.Fault(path, fault.Message);
            return null;
        }
    }

    /// <summary>A file that must be there when it is named, and be signed where the configuration must be.</summary>
    public static string? SignedFile(SettingReader read, string path, MinisignKey? signedBy)
    {
        var file = read.ExistingFile(path);
        if (file is null || signedBy is null || !File.Exists(file))
        {
            return file;
        }

        try
        {
            signedBy.Demand(file, WholeFile.Read(file, MostBytes));
        }
        catch (Exception fault) when (fault is SignatureException or IOException or UnauthorizedAccessException)
        {
            read.Fault(path, fault.Message);
        }

        return file;
    }
}
