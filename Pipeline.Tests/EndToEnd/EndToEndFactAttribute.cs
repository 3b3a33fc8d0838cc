namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>A test of the whole program: skipped, saying what is missing, where something that it needs is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EndToEndFactAttribute : FactAttribute
{
    /// <param name="needs">"shared/data/..." beside the checkout, a path of the repository, or the name of a program.</param>
    public EndToEndFactAttribute(params string[] needs)
    {
        var missing = Array.FindAll(needs, need => !Needs.Has(need));
        if (missing.Length > 0)
        {
            Skip = $"{string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} not here";
        }
    }
}

/// <summary>What the tests of the whole program need, by name.</summary>
internal static class Needs
{
    public const string Model = "models/nano/model.json";
    public const string NearMiss = "data-samples/near-miss/drive.json";
    public const string Calm = "data-samples/calm/drive.json";
    public const string Broker = "mosquitto";
    public const string Subscriber = "mosquitto_sub";

    private const string SharedData = "shared/data/";

    public static bool Has(string need) =>
        need.StartsWith(SharedData, StringComparison.Ordinal) ? RealData.Find(need[SharedData.Length..]) is not null
        : need.Contains('/', StringComparison.Ordinal) ? File.Exists(InRepository(need))
        : Program(need) is not null;

    public static string InRepository(string path) => Path.Combine(RealData.Repository, path);

    /// <summary>The folder of a sample drive or model, given by its manifest.</summary>
    public static string Folder(string manifest) => Path.GetDirectoryName(InRepository(manifest))!;

    /// <summary>Where a program lies; servers lie outside the PATH of ordinary users.</summary>
    public static string? Program(string name) => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin"
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}

/// <summary>After all the others and one by one: these run on the machine's clock, and two cores do not bear two of them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndTests
{
    public const string Name = "end to end";
}
