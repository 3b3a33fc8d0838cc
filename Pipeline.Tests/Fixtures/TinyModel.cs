namespace Forecast.Pipeline.Tests.Fixtures;

/// <summary>Where the hand-made model lies; make_tiny_model.py beside it says what it computes.</summary>
internal static class TinyModel
{
    public static string Folder { get; } = Path.Combine(RepositoryRoot(), "Pipeline.Tests", "Fixtures", "tiny-model");

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Forecast.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("Forecast.sln is in no folder above the tests.");
        }

        return folder.FullName;
    }
}
