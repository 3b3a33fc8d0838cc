using System.Diagnostics;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>A test against npm's @mcap/core: where node or the package is not installed it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class McapPeerTheoryAttribute : TheoryAttribute
{
    public McapPeerTheoryAttribute() => Skip = McapPeer.Missing;
}

/// <summary>eng/npm/mcap-peer.mjs.</summary>
internal static class McapPeer
{
    private static readonly string Folder = Path.Combine(RealData.Repository, "eng", "npm");

    /// <summary>What is not installed; null: all is there.</summary>
    public static string? Missing =>
        !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "node"))) ? "node is not installed"
        : !Directory.Exists(Path.Combine(Folder, "node_modules", "@mcap", "core")) ? "npm's @mcap/core is not installed: eng/setup.sh"
        : null;

    /// <returns>The lines that it printed.</returns>
    public static string[] Run(params string[] arguments)
    {
        using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(Folder, "mcap-peer.mjs"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = node.StandardError.ReadToEndAsync();
        var output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, $"mcap-peer.mjs {string.Join(' ', arguments.Select(argument => argument.Length < 60 ? argument : "..."))}: {errors.Result}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
