using System.Text.RegularExpressions;
using Forecast.Replay.Faults;

namespace Forecast.Pipeline.Tests.Replay.Faults;

/// <summary>docs/faults.md names tests that exist, and every fault that can be made.</summary>
public sealed partial class FaultTableTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(RealData.Repository, "docs", "faults.md"));

    [Fact]
    public void Table_EveryTestNamed_Exists()
    {
        var tests = typeof(FaultTableTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true))
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}")
            .ToHashSet();
        var named = TestName().Matches(Document).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.True(named.Count >= 25, $"only {named.Count} tests are named");
        Assert.All(named, name => Assert.Contains(name, tests));
    }

    [Fact]
    public void Table_EveryFault_IsNamed() =>
        Assert.All(Enum.GetNames<FaultKind>(), kind => Assert.Matches($"`{kind.ToLowerInvariant()}[:`\\[]", Document));

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex TestName();
}
