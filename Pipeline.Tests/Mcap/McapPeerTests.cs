using System.Text;
using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>The reference implementation reads what is written here with every checksum looked at, and the other way round.</summary>
public sealed class McapPeerTests : IDisposable
{
    private const int CutSeed = 20_261_123;

    private readonly TestFolder _folder = new();

    private string Path => _folder.At("drive.mcap");

    public void Dispose() => _folder.Dispose();

    [McapPeerTheory]
    [InlineData(McapCompression.None)]
    [InlineData(McapCompression.Zstd)]
    [InlineData(McapCompression.Lz4)]
    public void Writer_ItsFile_IsReadByThePeerToTheLastRecord(McapCompression compression)
    {
        var sample = new McapSample(1_000);
        File.WriteAllBytes(Path, sample.Write(compression));
        var lines = McapPeer.Run("read", Path);

        Assert.Equal(OwnReading(), lines);
        Assert.Contains("Message 1000,", lines[0]);
        Assert.Equal(sample.Written.Select(Line), lines[1..1_001]);
    }

    [McapPeerTheory]
    [InlineData("none")]
    [InlineData("zstd")]
    [InlineData("unchunked")]
    public void Readers_ThePeersFile_ReadItToTheLastRecord(string compression) => Assert.Equal(McapPeer.Run("write", Path, compression), OwnReading(compression != "unchunked"));

    [McapPeerTheory]
    [InlineData(McapCompression.None)]
    [InlineData(McapCompression.Zstd)]
    [InlineData(McapCompression.Lz4)]
    public void StreamReader_CutAt200Places_RecoversAtLeastWhatThePeerDoes(McapCompression compression) => Recovers(compression, 200);

    [McapPeerTheory]
    [Trait("Category", "Slow")]
    [InlineData(McapCompression.None)]
    [InlineData(McapCompression.Zstd)]
    [InlineData(McapCompression.Lz4)]
    public void StreamReader_CutAt1000Places_RecoversAtLeastWhatThePeerDoes(McapCompression compression) => Recovers(compression, 1_000);

    private void Recovers(McapCompression compression, int places)
    {
        var sample = new McapSample(1_000);
        var file = sample.Write(compression);
        File.WriteAllBytes(Path, file);
        var random = new Random(CutSeed);
        var cuts = Enumerable.Range(0, places).Select(_ => random.Next(8, file.Length)).ToList();
        var peer = McapPeer.Run("cuts", Path, string.Join(',', cuts)).Select(int.Parse).ToList();
        Assert.InRange(peer.Max(), 900, 1_000);
        for (var i = 0; i < places; i++)
        {
            var (messages, problems) = McapDamageTests.ReadAll(file[..cuts[i]]);
            Assert.True(messages.Count >= peer[i], $"cut at {cuts[i]} (seed {CutSeed}): {messages.Count} messages, the peer has {peer[i]}");
            Assert.Equal(sample.Written.Take(messages.Count), messages);
            Assert.Equal(McapProblemKind.Cut, problems.First[^1].Kind);
        }
    }

    /// <summary>What our readers find in the file, in the peer's words.</summary>
    private List<string> OwnReading(bool indexed = true)
    {
        var (messages, counts) = (new List<string>(), new SortedDictionary<string, int>(StringComparer.Ordinal));
        using (var stream = File.OpenRead(Path))
        using (var reader = new McapStreamReader(stream))
        {
            while (reader.Read())
            {
                if (reader.Opcode != McapOpcode.Chunk) // the peer shows only what is in them
                {
                    counts[reader.Opcode.ToString()] = counts.GetValueOrDefault(reader.Opcode.ToString()) + 1;
                }

                messages.AddRange(reader.Opcode == McapOpcode.Message ? [Line(SampleMessage.Of(reader.Message))] : []);
            }

            Assert.Empty(reader.Problems.First);
        }

        List<string> lines = [string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}")), .. messages];
        using var file = McapFile.Open(Path);
        Assert.Equal(indexed, file.IsIndexed);
        var ordered = new List<string>();
        using var cursor = file.ReadMessages();
        while (cursor.Read())
        {
            ordered.Add(Line(SampleMessage.Of(cursor.Message)));
        }

        Assert.Equal(messages.Count, ordered.Count);
        if (indexed)
        {
            lines.Add($"indexed {ordered.Count}, CRC of the lines {Crc32.Append(0, Encoding.UTF8.GetBytes(string.Join('\n', ordered)))}");
            lines.AddRange(file.Attachments.Select(index => file.Read(index)!).Select(a => $"attachment {a.Name} {a.LogTimeNs} {a.CreateTimeNs} {a.Data.Length} {Crc32.Append(0, a.Data.Span)}"));
            lines.AddRange(file.Metadata.Select(index => file.Read(index)!).Select(m => $"metadata {m.Name} {string.Join(' ', m.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))}"));
        }

        Assert.Empty(file.Problems.First);
        return lines;
    }

    private static string Line(SampleMessage message) => $"{message.Channel} {message.Sequence} {message.LogTimeNs} {message.PublishTimeNs} {message.DataCrc}";
}
