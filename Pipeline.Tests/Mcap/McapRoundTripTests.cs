using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Mcap;

public sealed class McapRoundTripTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<McapCompression> Compressions => [McapCompression.None, McapCompression.Zstd, McapCompression.Lz4];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Compressions))]
    public void StreamReader_OfWhatWasWritten_GivesItBack(McapCompression compression)
    {
        var sample = new McapSample(1_000);
        using var reader = new McapStreamReader(new TrickleStream(sample.Write(compression)));
        var (messages, chunks, attachments, metadata) = (new List<SampleMessage>(), new List<McapChunk>(), new List<McapAttachment>(), new List<McapMetadata>());
        McapStatistics? statistics = null;
        while (reader.Read())
        {
            if (reader.Opcode == McapOpcode.Message)
            {
                messages.Add(SampleMessage.Of(reader.Message));
                Assert.True(reader.InChunk);
            }

            chunks.AddRange(reader.Record as McapChunk is { } chunk ? [chunk] : []);
            attachments.AddRange(reader.Record as McapAttachment is { } attachment ? [attachment] : []);
            metadata.AddRange(reader.Record as McapMetadata is { } pairs ? [pairs] : []);
            statistics ??= reader.Record as McapStatistics;
        }

        Assert.Equal(0, reader.Problems.Count);
        Assert.Equal(sample.Written, messages);
        Assert.InRange(chunks.Count, 20, 100);
        Assert.All(chunks, chunk => Assert.Equal(compression == McapCompression.None ? "" : compression.ToString().ToLowerInvariant(), chunk.Compression));
        Assert.All(chunks, chunk => Assert.InRange(chunk.UncompressedBytes, 1u, 8_192u));
        Assert.Equal(McapSample.AttachmentData, Assert.Single(attachments).Data.ToArray());
        Assert.Equal("Süd 1", Assert.Single(metadata).Values["vehicle"]);
        Assert.Equal(McapSample.SchemaData, reader.Schemas[1].Data.ToArray());
        Assert.Equal(McapSample.Topics, reader.Channels.Values.OrderBy(channel => channel.Id).Select(channel => channel.Topic));
        Assert.Equal(("2", 0), (reader.Channels[2].Metadata["number"], reader.Channels[2].SchemaId));
        Assert.Equal((1_000u, (uint)chunks.Count, 1u, 1u), ((uint)statistics!.MessageCount, statistics.ChunkCount, statistics.AttachmentCount, statistics.MetadataCount));
        Assert.Equal((ulong)sample.Written.Count(message => message.Channel == 1), statistics.ChannelMessageCounts[1]);
        Assert.Equal((sample.Written.Min(message => message.LogTimeNs), sample.Written.Max(message => message.LogTimeNs)), (statistics.MessageStartTimeNs, statistics.MessageEndTimeNs));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void File_OfWhatWasWritten_GivesMessagesInOrderOfLogTime(McapCompression compression)
    {
        var sample = new McapSample(1_000);
        using var file = Open(sample.Write(compression));

        Assert.True(file.IsIndexed);
        Assert.Equal(("p", "forecast"), (file.Header!.Profile, file.Header.Library));
        Assert.Equal(sample.Written.OrderBy(message => message.LogTimeNs).ThenBy(message => message.Sequence), Messages(file));
        Assert.Equal(McapSample.AttachmentData, file.Read(Assert.Single(file.Attachments))!.Data.ToArray());
        Assert.Equal("3", file.Read(Assert.Single(file.Metadata))!.Values["cameras"]);
        Assert.Equal(0, file.Problems.Count);
    }

    [Fact]
    public void File_AskedForATimeAndTopics_GivesThoseOnly()
    {
        var sample = new McapSample(1_000);
        using var file = Open(sample.Write(McapCompression.Zstd));
        var (from, until) = (sample.Written[300].LogTimeNs, sample.Written[700].LogTimeNs);
        var query = new McapQuery { FromNs = from, UntilNs = until, Topics = new HashSet<string> { "/motion", "/none" } };

        var expected = sample.Written.Where(message => message.Channel == 1 && message.LogTimeNs >= from && message.LogTimeNs < until).OrderBy(message => message.LogTimeNs).ToList();
        Assert.InRange(expected.Count, 50, 250);
        Assert.Equal(expected, Messages(file, query));
        Assert.Empty(Messages(file, new McapQuery { Topics = new HashSet<string>() }));
        Assert.Empty(Messages(file, new McapQuery { FromNs = ulong.MaxValue }));
    }

    [Fact]
    public void File_WithoutASummary_IsReadThroughAndGivesTheSame()
    {
        var sample = new McapSample(1_000);
        var whole = sample.Write(McapCompression.Lz4);
        using var file = Open(whole[..FooterlessLength(whole)]);

        Assert.False(file.IsIndexed);
        Assert.Equal(sample.Written.OrderBy(message => message.LogTimeNs).ThenBy(message => message.Sequence), Messages(file));
        Assert.Equal((1_000ul, 1u), (file.Statistics!.MessageCount, file.Statistics.AttachmentCount));
        Assert.Equal(McapSample.AttachmentData, file.Read(Assert.Single(file.Attachments))!.Data.ToArray());
        Assert.Equal("3", file.Read(Assert.Single(file.Metadata))!.Values["cameras"]);
        Assert.Contains(file.Problems.First, problem => problem.Kind == McapProblemKind.Cut);
    }

    [Fact]
    public void File_WithoutStatistics_IsReadByItsIndex()
    {
        var sample = new McapSample(300);
        using var file = Open(RawMcap.WithoutStatistics(sample.Write(McapCompression.Zstd)));

        Assert.True(file.IsIndexed);
        Assert.Null(file.Statistics);
        Assert.Equal(sample.Written.OrderBy(message => message.LogTimeNs).ThenBy(message => message.Sequence), Messages(file));
    }

    [Fact]
    public void File_NotChunked_GivesMessagesInOrderOfLogTime()
    {
        var sample = new McapSample(1_000);
        using var file = Open(RawMcap.Unchunked(sample.Write(McapCompression.None)));

        Assert.Equal(sample.Written.OrderBy(message => message.LogTimeNs).ThenBy(message => message.Sequence), Messages(file));
        Assert.Equal(0, file.Problems.Count);
    }

    [Fact]
    public void StreamReader_UnknownRecordsAndLongerOnes_AreReadOver()
    {
        var bytes = new RawMcap().Header().Record(0x10, 1, 2, 3).Record(0x81).SchemaAndChannel().Record(0x03, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .Chunk("", RawMcap.Message(1, 5, "a"u8), RawMcap.RecordOf(0x90, 9, 9)).AddMessage(1, 6, "b"u8)
            .Record(0x0C, 1, 0, 0, 0, (byte)'n', 0, 0, 0, 0, 0xAA, 0xBB).DataEnd().End();
        using var reader = new McapStreamReader(new MemoryStream(bytes));
        var opcodes = new List<McapOpcode>();
        while (reader.Read())
        {
            opcodes.Add(reader.Opcode);
        }

        Assert.Equal(0, reader.Problems.Count);
        Assert.Equal(
            [McapOpcode.Header, McapOpcode.Schema, McapOpcode.Channel, McapOpcode.Schema, McapOpcode.Chunk, McapOpcode.Message, McapOpcode.Message, McapOpcode.Metadata, McapOpcode.DataEnd, McapOpcode.Footer],
            opcodes);
        Assert.Single(reader.Schemas); // of id 0 there is none
    }

    private static int FooterlessLength(byte[] whole) => whole.AsSpan().LastIndexOf(RawMcap.RecordOf((byte)McapOpcode.DataEnd, 0, 0, 0, 0).AsSpan(0, 9));

    private static List<SampleMessage> Messages(McapFile file, McapQuery? query = null)
    {
        using var cursor = file.ReadMessages(query);
        var messages = new List<SampleMessage>();
        while (cursor.Read())
        {
            messages.Add(SampleMessage.Of(cursor.Message));
            Assert.Equal(McapSample.Topics[cursor.Message.ChannelId], cursor.Channel.Topic);
        }

        return messages;
    }

    private McapFile Open(byte[] bytes)
    {
        var path = _folder.At("drive.mcap");
        File.WriteAllBytes(path, bytes);
        return McapFile.Open(path);
    }
}
