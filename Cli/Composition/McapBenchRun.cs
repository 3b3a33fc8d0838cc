using System.ComponentModel;
using System.Globalization;
using Forecast.Adapters.Mcap;
using Forecast.Benchmarks;
using Forecast.Cli.Commands;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Composition;

/// <summary>The body of `forecast bench --mcap`: writing and reading MCAP beside npm's @mcap/core.</summary>
internal static class McapBenchRun
{
    private const int Pairs = 5;
    private const int Messages = 30_000;

    public static void Measure(string installationRoot, ConsoleOutput console, CancellationToken cancelled)
    {
        var npm = Path.Combine(installationRoot, "eng", "npm");
        if (!Directory.Exists(Path.Combine(npm, "node_modules", "@mcap", "core")))
        {
            throw new UsageException("--mcap: npm's @mcap/core is not installed; run eng/setup.sh");
        }

        var folder = Directory.CreateTempSubdirectory("forecast-mcap-");
        try
        {
            var bench = new McapBench(Path.Combine(npm, "mcap-peer.mjs"), folder.FullName, Messages, TimeProvider.System);
            var rows = new List<IReadOnlyList<string>>();
            foreach (var compression in (McapCompression[])[McapCompression.None, McapCompression.Zstd])
            {
                console.Progress($"MCAP, compression {compression.ToString().ToLowerInvariant()}: {Pairs} pairs");
                var (write, read) = bench.Measure(compression, Pairs, cancelled);
                rows.Add(Row($"write, {compression.ToString().ToLowerInvariant()}", write));
                rows.Add(Row($"read, {compression.ToString().ToLowerInvariant()}", read));
            }

            console.Table(
                $"MCAP with checksums, {Messages} messages of {McapBench.MessageBytes} bytes, medians of {Pairs} pairs in turns", ["", "Forecast MB/s", "@mcap/core MB/s", "ratio"], rows);
        }
        catch (Win32Exception)
        {
            throw new UsageException("--mcap: node is not on the PATH");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IReadOnlyList<string> Row(string name, McapPace pace) =>
        [name, pace.OwnMbS.ToString("0", CultureInfo.InvariantCulture), pace.PeerMbS.ToString("0", CultureInfo.InvariantCulture), pace.Ratio.ToString("0.00", CultureInfo.InvariantCulture)];
}
