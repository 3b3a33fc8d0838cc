namespace Forecast.Pipeline.Tests;

/// <summary>A test on real recordings in <c>shared/data</c> beside the checkout; skipped, and said so, where they are missing.</summary>
internal sealed class RealDataFactAttribute : FactAttribute
{
    /// <param name="path">Below shared/data.</param>
    public RealDataFactAttribute(string path)
    {
        if (RealData.Find(path) is null)
        {
            Skip = $"shared/data/{path} is not beside the checkout";
        }
    }
}

/// <summary>Real recordings beside the checkout, and the repository itself.</summary>
internal static class RealData
{
    /// <summary>The folder with Forecast.sln.</summary>
    public static string Repository { get; } = Above(folder => File.Exists(Path.Combine(folder, "Forecast.sln"))) ?? throw new InvalidOperationException("The tests run outside of the repository.");

    /// <returns>The full path, or null where it is missing.</returns>
    public static string? Find(string path)
    {
        // A work tree may lie deeper than the checkout that the data lie beside.
        var root = Above(folder => Path.Exists(Path.Combine(folder, "shared", "data", path)));
        return root is null ? null : Path.Combine(root, "shared", "data", path);
    }

    private static string? Above(Func<string, bool> fits)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (fits(folder))
            {
                return folder;
            }
        }

        return null;
    }
}
