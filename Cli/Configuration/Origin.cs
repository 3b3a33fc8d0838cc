namespace Forecast.Cli.Configuration;

internal enum OriginKind
{
    Default,
    File,
    Environment,
    CommandLine,
}

/// <summary>Where a value was written, to be shown with it.</summary>
/// <param name="Place">"car.yaml:7:3", "FORECAST_VEHICLE", "--manoeuvres", or "default".</param>
/// <param name="Folder">What a relative path of this origin is relative to.</param>
internal sealed record Origin(OriginKind Kind, string Place, string Folder, int Line = 0, int Column = 0)
{
    /// <summary>The file that it was written in; null where it was none.</summary>
    public string? File => Kind == OriginKind.File && Line > 0
        ? Path.Combine(Folder, Path.GetFileName(Place[..Place.LastIndexOf(':', Place.LastIndexOf(':') - 1)]))
        : null;

    public static Origin Default { get; } = new(OriginKind.Default, "default", "");
}

/// <summary>One thing that is wrong with the configuration: where, and what to do about it.</summary>
internal sealed record ConfigurationError(Origin Origin, string Message)
{
    public override string ToString() => $"{Origin.Place}: {Message}";
}

/// <summary>All that is wrong with what the user wrote, a line each; ends the command with exit code 2.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public IReadOnlyList<string> Lines { get; } = lines;
}
