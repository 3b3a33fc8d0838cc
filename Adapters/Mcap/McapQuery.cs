namespace Forecast.Adapters.Mcap;

/// <summary>Which messages are wanted. As made it is all of them.</summary>
public sealed record McapQuery
{
    /// <summary>Log time in nanoseconds from which on; null: from the first.</summary>
    public ulong? FromNs { get; init; }

    /// <summary>Log time in nanoseconds before which; null: to the last.</summary>
    public ulong? UntilNs { get; init; }

    /// <summary>Null: every topic.</summary>
    public IReadOnlySet<string>? Topics { get; init; }
}
