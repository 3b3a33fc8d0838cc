namespace Forecast.Pipeline.Tests;

/// <summary>A test against a real program: where the program is not installed it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsCommandFactAttribute : FactAttribute
{
    public NeedsCommandFactAttribute(string command)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, command))))
        {
            Skip = $"{command} is not installed";
        }
    }
}
