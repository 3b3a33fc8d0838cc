using Forecast.Adapters.Drives;
using Forecast.Adapters.Sodium;
using YamlDotNet.Core;

namespace Forecast.Cli.Configuration;

/// <summary>A value before it is checked. A null text means "as if it were not written".</summary>
internal sealed record RawValue(string? Text, Origin Origin);

/// <summary>A setting on the command line: --set PATH=VALUE, or an option that stands for one.</summary>
/// <param name="Option">How it was written, for messages: "--manoeuvres", "--set budget_ms".</param>
internal sealed record SettingOverride(string Path, string Value, string Option);

/// <summary>
/// Lays the file, the environment and the command line over one another, each stronger than the one before, into one value a path.
/// Whatever is no setting, or has the wrong shape, is an error at its own place.
/// </summary>
internal sealed class SettingLayers(List<ConfigurationError> errors)
{
    private const int MostFileBytes = 1 << 20;

    private readonly Dictionary<string, RawValue> _values = [];

    /// <summary>By path, for example "cameras[0].name"; "cameras[0]" itself stands for the item's place.</summary>
    public IReadOnlyDictionary<string, RawValue> Values => _values;

    /// <param name="signedBy">Whose signature the file must have; null: none.</param>
    /// <exception cref="SignatureException">It has not, and nothing of it was read.</exception>
    public void AddFile(string path, string currentFolder, MinisignKey? signedBy)
    {
        var full = Path.GetFullPath(path, currentFolder);
        var folder = Path.GetDirectoryName(full) ?? currentFolder;
        try
        {
            var content = WholeFile.Read(full, MostFileBytes);
            signedBy?.Demand(full, content);
            using var text = new StreamReader(new MemoryStream(content));
            var root = YamlTree.Read(text, mark => At(path, mark, folder), errors);
            if (root is ConfigMapping mapping)
            {
                AddMapping(mapping, "");
            }
            else if (root is not (null or ConfigScalar { Text: null }))
            {
                errors.Add(new ConfigurationError(root.Origin, $"settings are written as \"name: value\"; allowed here: {Names("")}"));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigurationError(new Origin(OriginKind.File, path, folder), $"cannot be read: {Reason(fault)}"));
        }
    }

    public void AddEnvironment(IReadOnlyDictionary<string, string> environment, string currentFolder)
    {
        foreach (var (name, value) in environment.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(SettingsSchema.EnvironmentPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var origin = new Origin(OriginKind.Environment, name, currentFolder);
            if (SettingsSchema.PathOfVariable(name) is { } path)
            {
                Put(path, new RawValue(value.Length == 0 ? null : value, origin));
            }
            else if (Suggestion.For(name, SettingsSchema.Keys.Select(key => SettingsSchema.EnvironmentName(key.Path))) is { } meant)
            {
                // A variable unlike any setting may belong to somebody else who has the same prefix; one that is nearly a setting is a slip.
                errors.Add(new ConfigurationError(origin, $"this is not a setting; did you mean {meant}?"));
            }
        }
    }

    public void AddOverrides(IReadOnlyList<SettingOverride> overrides, string currentFolder)
    {
        var seen = new Dictionary<string, string>();
        foreach (var given in overrides)
        {
            var origin = new Origin(OriginKind.CommandLine, given.Option, currentFolder);
            if (seen.TryGetValue(given.Path, out var before))
            {
                errors.Add(new ConfigurationError(origin, $"this is already set by {before}"));
                continue;
            }

            seen[given.Path] = given.Option;
            AddOverride(given, origin);
        }
    }

    private static Origin At(string path, Mark mark, string folder) =>
        new(OriginKind.File, $"{path}:{mark.Line}:{mark.Column}", folder, (int)mark.Line, (int)mark.Column);

    private static string Names(string branch) => string.Join(", ", SettingsSchema.Below(branch));

    private static string Reason(Exception fault) => fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : fault.Message;

    private void AddOverride(SettingOverride given, Origin origin)
    {
        if (SettingsSchema.Find(given.Path) is not null)
        {
            Put(given.Path, new RawValue(given.Value.Length == 0 ? null : given.Value, origin));
        }
        else if (SettingsSchema.IsList(given.Path))
        {
            using var text = new StringReader(given.Value);
            if (YamlTree.Read(text, _ => origin, errors) is { } node)
            {
                AddList(node, given.Path);
            }
        }
        else if (SettingsSchema.IsBranch(given.Path))
        {
            errors.Add(new ConfigurationError(origin, $"this has parts; set one of {Paths(given.Path)}"));
        }
        else
        {
            var meant = Suggestion.For(given.Path, SettingsSchema.Keys.Select(key => key.Path));
            errors.Add(new ConfigurationError(origin, $"this is not a setting{Meaning(meant)} Allowed: {Paths("")}"));
        }
    }

    private static string Paths(string branch) =>
        string.Join(", ", SettingsSchema.Keys.Select(key => key.Path).Where(path => path.StartsWith(branch, StringComparison.Ordinal)));

    private static string Meaning(string? meant) => meant is null ? "." : $"; did you mean {meant}?";

    private void AddMapping(ConfigMapping mapping, string branch)
    {
        foreach (var (key, keyOrigin, value) in mapping.Entries)
        {
            var path = branch.Length == 0 ? key : $"{branch}.{key}";
            if (SettingsSchema.Find(path) is { } setting)
            {
                AddScalar(setting, path, value);
            }
            else if (SettingsSchema.IsList(path))
            {
                AddList(value, path);
            }
            else if (SettingsSchema.IsBranch(path))
            {
                AddBranch(value, path);
            }
            else
            {
                var meant = Suggestion.For(key, SettingsSchema.Below(branch));
                errors.Add(new ConfigurationError(keyOrigin, $"{path} is not a setting{Meaning(meant)} Allowed here: {Names(branch)}"));
            }
        }
    }

    private void AddScalar(SettingKey setting, string path, ConfigNode value)
    {
        if (value is ConfigScalar scalar)
        {
            Put(path, new RawValue(scalar.Text, scalar.Origin));
            return;
        }

        errors.Add(new ConfigurationError(value.Origin, $"{path} takes one value; allowed: {setting.Allowed}"));
    }

    private void AddBranch(ConfigNode value, string path)
    {
        if (value is ConfigMapping mapping)
        {
            AddMapping(mapping, path);
        }
        else if (value is not ConfigScalar { Text: null })
        {
            errors.Add(new ConfigurationError(value.Origin, $"{path} takes \"name: value\" lines; allowed here: {Names(path)}"));
        }
    }

    private void AddList(ConfigNode value, string path)
    {
        if (value is ConfigScalar { Text: null })
        {
            return;
        }

        if (value is not ConfigList list)
        {
            errors.Add(new ConfigurationError(value.Origin, $"{path} takes a list of items with {Names(path + "[0]")}"));
            return;
        }

        foreach (var old in _values.Keys.Where(known => known.StartsWith(path + "[", StringComparison.Ordinal)).ToList())
        {
            _values.Remove(old);
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            var item = $"{path}[{i}]";
            if (list.Items[i] is ConfigMapping mapping)
            {
                _values[item] = new RawValue(null, mapping.Origin);
                AddMapping(mapping, item);
            }
            else
            {
                errors.Add(new ConfigurationError(list.Items[i].Origin, $"{item} takes \"name: value\" lines; allowed here: {Names(item)}"));
            }
        }
    }

    private void Put(string path, RawValue value)
    {
        _values[path] = value;
        var bracket = path.IndexOf(']');
        if (bracket > 0)
        {
            _values.TryAdd(path[..(bracket + 1)], new RawValue(null, value.Origin));
        }
    }
}
