using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Mcap;

public sealed class McapDamageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<McapCompression> Compressions => [McapCompression.None, McapCompression.Zstd, McapCompression.Lz4];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Read_CutInsideAChunk_GivesItsWholeMessagesAndSaysWhere(McapCompression compression)
    {
        var sample = new McapSample(400);
        var file = sample.Write(compression, chunkBytes: 1 << 20); // one chunk
        var chunk = Offsets(file, McapOpcode.Chunk).Single();
        var cut = chunk + ((file.Length - chunk) / 2);
        var (messages, problems) = ReadAll(file[..cut]);

        Assert.InRange(messages.Count, compression == McapCompression.Zstd ? 0 : 50, 300);
        Assert.Equal(sample.Written.Take(messages.Count), messages);
        var problem = Assert.Single(problems.First);
        Assert.Equal((McapProblemKind.Cut, (long)cut), (problem.Kind, problem.Offset));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void File_CutInsideAChunk_GivesWhatTheStreamedReaderGives(McapCompression compression)
    {
        var file = new McapSample(1_000).Write(compression, chunkBytes: 1 << 18);
        var chunk = Offsets(file, McapOpcode.Chunk)[^1];
        var cut = file[..(chunk + (Offsets(file, McapOpcode.MessageIndex)[^1] - chunk) / 2)];
        var path = _folder.At("cut.mcap");
        File.WriteAllBytes(path, cut);
        using var opened = McapFile.Open(path);
        using var cursor = opened.ReadMessages();
        var messages = new List<SampleMessage>();
        while (cursor.Read())
        {
            messages.Add(SampleMessage.Of(cursor.Message));
        }

        var (streamed, _) = ReadAll(cut);
        Assert.InRange(streamed.Count, 300, 999);
        Assert.Equal(streamed.OrderBy(message => message.LogTimeNs).ThenBy(message => message.Sequence), messages);
        Assert.Equal((ulong)messages.Count, opened.Statistics!.MessageCount);
        Assert.Equal(McapProblemKind.Cut, Assert.Single(opened.Problems.First).Kind);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Read_ByteOfAChunkWrong_LeavesThatChunkOutAndNamesItsPlace(McapCompression compression)
    {
        var sample = new McapSample(1_000);
        var file = sample.Write(compression);
        var whole = file.ToArray();
        var chunk = Offsets(file, McapOpcode.Chunk)[3];
        file[chunk + 2_000] ^= 0x40;
        var (messages, problems) = ReadAll(file);

        Assert.Contains(problems.First, problem => problem.Offset == chunk && problem.Kind is McapProblemKind.Checksum or McapProblemKind.Malformed);
        Assert.Contains(problems.First, problem => problem.Kind == McapProblemKind.Checksum && problem.What.Contains("data section"));
        Assert.InRange(messages.Count, 900, 999);
        Assert.Equal(sample.Written.Where(messages.ToHashSet().Contains), messages);

        // The index leads past it just as well, and the file on disk is as it was.
        var path = _folder.At("drive.mcap");
        File.WriteAllBytes(path, file);
        using (var indexed = McapFile.Open(path))
        {
            Assert.True(indexed.IsIndexed);
            using var cursor = indexed.ReadMessages();
            var read = new List<SampleMessage>();
            while (cursor.Read())
            {
                read.Add(SampleMessage.Of(cursor.Message));
            }

            Assert.Equal(messages.OrderBy(message => message.LogTimeNs), read);
            Assert.Equal(chunk, Assert.Single(indexed.Problems.First).Offset);
        }

        Assert.Equal(file, File.ReadAllBytes(path));
        Assert.Equal(sample.Written, ReadAll(whole).Messages);
    }

    [Fact]
    public void Read_LengthOfAChunkWrong_GoesOnAtTheNext()
    {
        var sample = new McapSample(1_000);
        foreach (var highByte in new byte[] { 1, 3, 8 })
        {
            var file = sample.Write(McapCompression.Lz4);
            var chunk = Offsets(file, McapOpcode.Chunk)[3];
            file[chunk + highByte] ^= 0x7F; // a wrong length, one beyond the file, one beyond reason
            var (messages, problems) = ReadAll(file);
            Assert.InRange(messages.Count, 900, 1_000); // a little too long is noticed only after it
            Assert.Equal(sample.Written.Where(messages.ToHashSet().Contains), messages);
            Assert.Contains(problems.First, problem => problem.Offset >= chunk && problem.Kind == McapProblemKind.Malformed);
        }
    }

    [Fact]
    public void Read_FirstChunkGone_StillKnowsTheChannels()
    {
        var sample = new McapSample(1_000);
        var file = sample.Write(McapCompression.Zstd);
        var chunks = Offsets(file, McapOpcode.Chunk);
        file.AsSpan(chunks[0], 500).Clear();
        Assert.InRange(ReadAll(file).Messages.Count, 900, 999);
    }

    [Fact]
    public void Read_MetadataThatMakesNoSense_IsSkippedAndNamed()
    {
        var bad = new RawMcap().Header().SchemaAndChannel();
        var at = bad.Length;
        var file = bad.Record(0x0C, 0xFF, 0, 0, 0, 1).Chunk("", RawMcap.Message(1, 5, "a"u8)).DataEnd().End();
        var (messages, problems) = ReadAll(file);
        Assert.Single(messages);
        Assert.Equal((at, McapProblemKind.Malformed), ((int)problems.First[0].Offset, problems.First[0].Kind));
    }

    [Fact]
    public void Read_FooterWhereTheFileGoesOn_IsSkippedAndNamed()
    {
        var bad = new RawMcap().Header().SchemaAndChannel();
        var at = bad.Length;
        var file = bad.Record(2, new byte[20]).Chunk("", RawMcap.Message(1, 5, "a"u8)).DataEnd().End();
        var (messages, problems) = ReadAll(file);
        Assert.Single(messages);
        Assert.Equal(at, Assert.Single(problems.First).Offset);
        Assert.Equal(file.Length - 3, Assert.Single(ReadAll(file[..^3]).Problems.First, problem => problem.Kind == McapProblemKind.Cut).Offset);
    }

    [Fact]
    public void Read_MessageOfAnUnknownChannelOrAForeignRecordInAChunk_IsSkippedAndNamed()
    {
        var file = new RawMcap().Header().SchemaAndChannel()
            .Chunk("", RawMcap.Message(7, 5, "a"u8), RawMcap.RecordOf(0x0C, 0, 0, 0, 0, 0, 0, 0, 0), RawMcap.Message(1, 6, "b"u8), RawMcap.RecordOf(5, 1), [5, 1, 2]).DataEnd().End();
        var (messages, problems) = ReadAll(file);
        Assert.Equal(6ul, Assert.Single(messages).LogTimeNs);
        Assert.Equal(4, problems.Count);
    }

    [Fact]
    public void Read_ChannelThatComesTwiceAndDiffers_KeepsTheFirst()
    {
        var file = new RawMcap().Header().SchemaAndChannel()
            .Record(4, [.. RawMcap.U16(1), .. RawMcap.U16(0), .. RawMcap.Text("/u"), .. RawMcap.Text("json"), .. RawMcap.U32(0)]).DataEnd().End();
        using var reader = new McapStreamReader(new MemoryStream(file));
        while (reader.Read())
        {
        }

        Assert.Equal("/t", reader.Channels[1].Topic);
        Assert.Equal(McapProblemKind.Contradiction, Assert.Single(reader.Problems.First).Kind);
    }

    [Fact]
    public void Read_WrongSummaryAndAttachmentChecksums_AreNamed()
    {
        var sample = new McapSample(100);
        var file = sample.Write(McapCompression.None);
        var attachment = Offsets(file, McapOpcode.Attachment).Single();
        file[attachment + 200] ^= 1;
        file[^50] ^= 1; // in the summary's offsets
        var (_, problems) = ReadAll(file);
        Assert.Equal(3, problems.First.Count(problem => problem.Kind == McapProblemKind.Checksum)); // and the data section

        var path = _folder.At("drive.mcap");
        File.WriteAllBytes(path, file);
        using var scanned = McapFile.Open(path);
        Assert.False(scanned.IsIndexed);
        var before = scanned.Problems.Count;
        Assert.NotNull(scanned.Read(scanned.Attachments.Single()));
        Assert.Equal(before + 1, scanned.Problems.Count);
    }

    [Fact]
    public void Open_NoMcap_SaysSoInOneLine()
    {
        var cases = new (byte[] Bytes, string Says)[]
        {
            ([], "not an MCAP file"),
            ("#ROSBAG V2.0\n"u8.ToArray(), "not an MCAP file"),
            ([0x89, (byte)'M', (byte)'C', (byte)'A', (byte)'P', (byte)'1', 13, 10], "major version 0x31"),
        };
        foreach (var (bytes, says) in cases)
        {
            Assert.Contains(says, Assert.Throws<McapFormatException>(() => new McapStreamReader(new MemoryStream(bytes))).Message);
            var path = _folder.At("drive.mcap");
            File.WriteAllBytes(path, bytes);
            var message = Assert.Throws<McapFormatException>(() => McapFile.Open(path)).Message;
            Assert.StartsWith(path, message);
            Assert.DoesNotContain('\n', message);
        }

        Assert.Contains("a folder", Assert.Throws<McapFormatException>(() => McapFile.Open(_folder.Path)).Message);
        Assert.Throws<FileNotFoundException>(() => McapFile.Open(_folder.At("none.mcap")));
    }

    [Fact]
    public void Read_DiskThatFails_SaysWhereAndWhy()
    {
        var file = new McapSample(1_000).Write(McapCompression.None);
        using var reader = new McapStreamReader(new FailingStream(file, 100_000));
        var messages = 0;
        while (reader.Read())
        {
            messages += reader.Opcode == McapOpcode.Message ? 1 : 0;
        }

        Assert.InRange(messages, 200, 999);
        var problem = Assert.Single(reader.Problems.First);
        Assert.Equal(100_000, problem.Offset);
        Assert.Contains("Input/output error", problem.What);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Read_FuzzedBytes_AlwaysEnds(McapCompression compression) => Fuzz(compression, 60);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Compressions))]
    public void Read_FuzzedBytesOften_AlwaysEnds(McapCompression compression) => Fuzz(compression, 3_000);

    internal static (List<SampleMessage> Messages, McapProblems Problems) ReadAll(byte[] file)
    {
        using var reader = new McapStreamReader(new MemoryStream(file, writable: false));
        var messages = new List<SampleMessage>();
        while (reader.Read())
        {
            if (reader.Opcode == McapOpcode.Message)
            {
                messages.Add(SampleMessage.Of(reader.Message));
            }
        }

        return (messages, reader.Problems);
    }

    private void Fuzz(McapCompression compression, int rounds)
    {
        var file = new McapSample(150).Write(compression, chunkBytes: 2_048);
        var path = _folder.At("fuzzed.mcap");
        var random = new Random(20_261_123);
        for (var round = 0; round < rounds; round++)
        {
            var fuzzed = file.ToArray();
            for (var i = random.Next(1, 20); i > 0; i--)
            {
                fuzzed[random.Next(round % 4 == 0 ? 0 : 8, fuzzed.Length)] = (byte)random.Next(256);
            }

            try
            {
                var (messages, problems) = ReadAll(fuzzed);
                Assert.True(messages.Count == 150 || problems.Count > 0, $"round {round}: messages are lost and nothing is said");
                File.WriteAllBytes(path, fuzzed);
                using var indexed = McapFile.Open(path);
                using var cursor = indexed.ReadMessages();
                while (cursor.Read())
                {
                    Assert.NotNull(cursor.Channel);
                }

                indexed.Attachments.ToList().ForEach(attachment => indexed.Read(attachment));
                indexed.Metadata.ToList().ForEach(metadata => indexed.Read(metadata));
            }
            catch (McapFormatException)
            {
                Assert.False(fuzzed.AsSpan(0, 8).SequenceEqual(file.AsSpan(0, 8)), $"round {round}: an MCAP file was refused");
            }
        }
    }

    private static List<int> Offsets(byte[] file, McapOpcode opcode)
    {
        var walker = new RecordWalker(file, 8);
        var offsets = new List<int>();
        while (walker.Next())
        {
            offsets.AddRange(walker.Opcode == opcode ? [walker.Offset] : []);
        }

        return offsets;
    }
}
