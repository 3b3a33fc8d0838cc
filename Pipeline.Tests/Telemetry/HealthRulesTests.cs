using System.Runtime.CompilerServices;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Tests.Telemetry;

public sealed class HealthRulesTests
{
    [Theory]
    [InlineData("", HealthState.Nominal)]
    [InlineData("broker_away", HealthState.Degraded)]
    [InlineData("camera_lost:front broker_away", HealthState.Degraded)]
    [InlineData("starting camera_lost:front", HealthState.Starting)]
    [InlineData("camera_lost:front no_forecast starting", HealthState.Stale)]
    [InlineData("pipeline_broke no_forecast", HealthState.Fault)]
    public void StateOf_Reasons_IsTheWorstOfThem(string reasons, HealthState state) =>
        Assert.Equal(state, HealthRules.StateOf([.. reasons.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));

    [Fact]
    public void StateOf_AReasonThatIsNotDeclared_Throws() => Assert.Throws<ArgumentException>(() => HealthRules.StateOf(["sun_spots"]));

    [Fact]
    public void Documentation_HasEveryRuleAsItIsDeclared()
    {
        var document = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "docs", "states.md"));
        var declared = HealthRules.All.Select(rule => $"| `{rule.Code}` | {rule.State.ToString().ToLowerInvariant()} | {rule.Cause} | {rule.Stops} |");

        Assert.Equal(declared, document.SkipWhile(line => !line.StartsWith("| `", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
