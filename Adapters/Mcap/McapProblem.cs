namespace Forecast.Adapters.Mcap;

/// <summary>What kind of damage a reader met and went on from.</summary>
public enum McapProblemKind
{
    /// <summary>The file ends too early.</summary>
    Cut,

    /// <summary>A checksum does not fit; what it covers is not to be trusted, and a chunk's messages are left out.</summary>
    Checksum,

    /// <summary>Bytes that are no record of the specification, or none that may stand there.</summary>
    Malformed,

    /// <summary>A length or count beyond what the reader takes in.</summary>
    TooLarge,

    /// <summary>Two records that contradict each other; the first holds.</summary>
    Contradiction,

    /// <summary>Compressed by a method that this reader does not know.</summary>
    Unsupported,
}

/// <param name="Offset">Bytes from the start of the file: of the record that is damaged.</param>
/// <param name="What">One line for a person, without place.</param>
public readonly record struct McapProblem(long Offset, McapProblemKind Kind, string What)
{
    public override string ToString() => $"at byte {Offset}: {What}";
}

/// <summary>The problems of one file: the first hundred in words, all of them counted.</summary>
public sealed class McapProblems
{
    private const int Kept = 100;

    private readonly List<McapProblem> _first = [];

    /// <summary>The first ones, in the order in which they were met.</summary>
    public IReadOnlyList<McapProblem> First => _first;

    /// <summary>How many there were.</summary>
    public long Count { get; private set; }

    internal void Add(long offset, McapProblemKind kind, string what)
    {
        Count++;
        if (_first.Count < Kept)
        {
            _first.Add(new McapProblem(offset, kind, what));
        }
    }
}

/// <summary>This is no MCAP file, or one of another major version; or what was asked of it cannot be had. The message is one line for a person.</summary>
public sealed class McapFormatException(string message) : IOException(message);
