namespace Forecast.Adapters.Drives;

/// <summary>A file or folder given by the user cannot be used. Each problem is one line: what, where, and what to do.</summary>
public sealed class UnusableInputException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public UnusableInputException(string problem)
        : this([problem])
    {
    }

    public IReadOnlyList<string> Problems { get; } = problems;
}
