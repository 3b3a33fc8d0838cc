using System.Text.RegularExpressions;

namespace Forecast.Pipeline.Tests;

/// <summary>SECURITY.md claims nothing that no test proves.</summary>
public sealed partial class SecurityTests
{
    private static readonly string[] Rows = [.. File.ReadLines(Path.Combine(RealData.Repository, "SECURITY.md"))
        .SkipWhile(line => !line.StartsWith("| threat", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'))];

    [Fact]
    public void Threats_EachLine_NamesTestsThatExist()
    {
        var tests = typeof(SecurityTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => method.IsDefined(typeof(FactAttribute), inherit: true)).Select(method => $"{type.Name}.{method.Name}"))
            .ToHashSet();
        Assert.InRange(Rows.Length, 20, 100);
        foreach (var row in Rows)
        {
            var cells = row.Split('|');
            var named = Name().Matches(cells[3]).Select(match => match.Groups[1].Value).ToList();
            Assert.True(cells.Length == 5 && named.Count > 0, $"no test is named for: {row}");
            Assert.All(named, name => Assert.True(tests.Contains(name), $"there is no test {name}, which SECURITY.md names"));
        }
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();
}
