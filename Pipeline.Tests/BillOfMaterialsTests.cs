using System.Diagnostics;
using System.Text.Json;

namespace Forecast.Pipeline.Tests;

/// <summary>sbom.cdx.json against what the build pins.</summary>
public sealed class BillOfMaterialsTests
{
    private static readonly string[] Sources =
    [
        "sbom.cdx.json", "global.json", "Directory.Build.props", "Directory.Packages.props", "eng/debian.txt", "eng/debian-tests.txt", "eng/npm/package-lock.json",
        "Cli/Dashboard/page/package-lock.json", "Pipeline.Tests/Dashboard/browser/package-lock.json",
        "Adapters/packages.lock.json", "Cli/packages.lock.json",
    ];

    [NeedsCommandFact("python3")]
    public void Check_OfThisCheckout_IsUpToDate() => Assert.Equal((0, ""), Check(RealData.Repository));

    [NeedsCommandFact("python3")]
    public void Check_PackageOfAnotherVersion_IsNotUpToDate()
    {
        var copy = Directory.CreateTempSubdirectory("forecast-bill-").FullName;
        try
        {
            foreach (var source in Sources)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(copy, source))!);
                File.Copy(Path.Combine(RealData.Repository, source), Path.Combine(copy, source));
            }

            Assert.Equal(0, Run(copy).Code); // of this part of the checkout
            Assert.Equal((0, ""), Check(copy));
            foreach (var (source, from, to) in new[] { ("Adapters/packages.lock.json", "\"resolved\": \"16.3.0\"", "\"resolved\": \"16.3.1\""), ("eng/debian.txt", "libsodium23", "libsodium24") })
            {
                var path = Path.Combine(copy, source);
                var before = File.ReadAllText(path);
                Assert.Contains(from, before, StringComparison.Ordinal);
                File.WriteAllText(path, before.Replace(from, to, StringComparison.Ordinal));
                Assert.Equal((1, "sbom.cdx.json is not up to date: run eng/sbom.py and commit what it writes\n"), Check(copy));
                File.WriteAllText(path, before);
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void Components_OfTheProgram_HaveAHashWhereTheirLockHasOne()
    {
        using var bill = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RealData.Repository, "sbom.cdx.json")));
        var components = bill.RootElement.GetProperty("components").EnumerateArray().ToList();

        Assert.Equal("CycloneDX", bill.RootElement.GetProperty("bomFormat").GetString());
        Assert.Contains(components, component => component.GetProperty("name").GetString() == "onnxruntime-node");
        Assert.Contains(components, component => component.GetProperty("name").GetString() == "libmosquitto1");
        Assert.All(
            components.Where(component => component.GetProperty("purl").GetString()!.StartsWith("pkg:n", StringComparison.Ordinal)),
            component => Assert.Equal(128, component.GetProperty("hashes")[0].GetProperty("content").GetString()!.Length));
    }

    private static (int Code, string Said) Check(string root) => Run(root, "--check");

    private static (int Code, string Said) Run(string root, params string[] more)
    {
        var start = new ProcessStartInfo("python3", ["-B", Path.Combine(RealData.Repository, "eng", "sbom.py"), "--root", root, .. more]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said);
    }
}
