namespace Forecast.Adapters.OnnxRuntime;

/// <summary>A model folder that cannot be used, with everything that is wrong with it: one line each, saying where, what, and what to do.</summary>
public sealed class ModelFolderException : Exception
{
    public ModelFolderException(string folder, IReadOnlyList<string> problems)
        : base(Describe(folder, problems))
    {
        Folder = folder;
        Problems = problems;
    }

    public string Folder { get; }

    public IReadOnlyList<string> Problems { get; }

    private static string Describe(string folder, IReadOnlyList<string> problems) => problems.Count == 1
        ? $"Model folder {folder}: {problems[0]}"
        : $"Model folder {folder} has {problems.Count} problems:{Environment.NewLine}  {string.Join(Environment.NewLine + "  ", problems)}";
}
