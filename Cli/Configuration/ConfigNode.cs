namespace Forecast.Cli.Configuration;

/// <summary>A value as it was written, with its place: one text, a mapping, or a list.</summary>
internal abstract record ConfigNode(Origin Origin);

/// <summary>One value; a null text is YAML's null, which means "as if it were not written".</summary>
internal sealed record ConfigScalar(string? Text, Origin Origin) : ConfigNode(Origin);

internal sealed record ConfigMapping(IReadOnlyList<ConfigEntry> Entries, Origin Origin) : ConfigNode(Origin);

internal sealed record ConfigList(IReadOnlyList<ConfigNode> Items, Origin Origin) : ConfigNode(Origin);

internal sealed record ConfigEntry(string Key, Origin KeyOrigin, ConfigNode Value);
