namespace Forecast.Cli.Doctor;

internal enum FindingState
{
    Ok,

    /// <summary>It works without, with less.</summary>
    Advice,

    /// <summary>The demo cannot run.</summary>
    Missing,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Found">What is there, or what is wrong, in one line.</param>
/// <param name="Remedy">The command that mends it; null where there is nothing to mend.</param>
internal sealed record Finding(string Name, FindingState State, string Found, string? Remedy)
{
    public static Finding Ok(string name, string found) => new(name, FindingState.Ok, found, null);

    public static Finding Advice(string name, string found, string remedy) => new(name, FindingState.Advice, found, remedy);

    public static Finding Missing(string name, string found, string remedy) => new(name, FindingState.Missing, found, remedy);
}

/// <summary>Looks at one thing; an exception counts as missing.</summary>
internal sealed record Check(string Name, Func<Finding> Look);
