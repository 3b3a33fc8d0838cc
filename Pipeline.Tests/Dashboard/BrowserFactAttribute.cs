using Forecast.Pipeline.Tests.EndToEnd;

namespace Forecast.Pipeline.Tests.Dashboard;

/// <summary>A test in a real browser: skipped, saying what is missing, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    private static readonly string[] All = ["chromium", "node", "Pipeline.Tests/Dashboard/browser/node_modules/playwright-core/package.json", Needs.Model, Needs.NearMiss, Needs.Broker];

    public BrowserFactAttribute()
    {
        var missing = Array.FindAll(All, need => !Needs.Has(need));
        if (missing.Length > 0)
        {
            Skip = $"{string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} not here; eng/setup.sh --tests installs what the browser's tests need";
        }
    }
}
