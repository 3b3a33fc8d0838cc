using Forecast.Adapters.Mcap;
using Forecast.Benchmarks;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mcap;

namespace Forecast.Pipeline.Tests.Benchmarks;

public sealed class McapBenchTests
{
    [McapPeerTheory]
    [InlineData(McapCompression.None)]
    [InlineData(McapCompression.Zstd)]
    public void Measure_FewMessages_SaysPacesAndLeavesNothing(McapCompression compression)
    {
        using var folder = new TestFolder();
        var bench = new McapBench(Path.Combine(RealData.Repository, "eng", "npm", "mcap-peer.mjs"), folder.Path, messages: 100, TimeProvider.System);
        var (write, read) = bench.Measure(compression, pairs: 2, CancellationToken.None);

        Assert.All([write, read], pace => Assert.True(pace is { OwnMbS: > 0, PeerMbS: > 0, Ratio: > 0 }));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
