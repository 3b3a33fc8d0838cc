using System.Diagnostics;
using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Mcap;

/// <summary>Files that claim what they do not hold: nothing may be allocated for a claim.</summary>
public sealed class McapHostileTests : IDisposable
{
    /// <summary>A reader's own buffers are a small part of it.</summary>
    private const long MostBytes = 4 << 20;

    private static readonly byte[] HugeText = [.. RawMcap.U32(0xFFFF_FFF0), 1, 2, 3];

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Cases => [.. Files.Keys];

    private static Dictionary<string, Func<byte[]>> Files { get; } = new()
    {
        ["record of 2^63 bytes"] = () => Begin().Raw([6, .. RawMcap.U64(1UL << 63)]).DataEnd().End(),
        ["record of 200 MB"] = () => Begin().Raw([6, .. RawMcap.U64(200_000_000)]).DataEnd().End(),
        ["private record of 10 MB"] = () => Begin().Raw([0x90, .. RawMcap.U64(10_000_000)]).DataEnd().End(),
        ["attachment of 2^62 bytes"] = () => Begin().Record(9, [.. RawMcap.U64(0), .. RawMcap.U64(0), .. RawMcap.Text("n"), .. RawMcap.Text("m"), .. RawMcap.U64(1UL << 62), 1, 2]).DataEnd().End(),
        ["schema name of 4 GB"] = () => Begin().Record(3, [1, 0, .. HugeText]).DataEnd().End(),
        ["topic of 4 GB"] = () => Begin().Record(4, [1, 0, 0, 0, .. HugeText]).DataEnd().End(),
        ["metadata map of 4 GB"] = () => Begin().Record(12, [.. RawMcap.Text("n"), .. HugeText]).DataEnd().End(),
        ["metadata key of 4 GB"] = () => Begin().Record(12, [.. RawMcap.Text("n"), .. RawMcap.U32(7), .. HugeText]).DataEnd().End(),
        ["message index of 4 GB"] = () => Begin().Record(7, [1, 0, .. HugeText]).DataEnd().End(),
        ["statistics map of 4 GB"] = () => Begin().Record(11, [.. new byte[42], .. HugeText]).DataEnd().End(),
        ["chunk of 2^63 bytes uncompressed"] = () => Begin().Chunk("zstd", 1UL << 63, 0, [1, 2, 3]).DataEnd().End(),
        ["chunk of 250 MB, zstd of nothing"] = () => Begin().Chunk("zstd", 250_000_000, 0, [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x00, 0x01, 0x00, 0x00]).DataEnd().End(),
        ["chunk of 250 MB, lz4 of nothing"] = () => Begin().Chunk("lz4", 250_000_000, 0, [4, 0x22, 0x4D, 0x18, 0x40, 0x40, 0xC0, 0, 0, 0, 0]).DataEnd().End(),
        ["chunk of 250 MB, not compressed"] = () => Begin().Chunk("", 250_000_000, 0, [1, 2, 3]).DataEnd().End(),
        ["chunk name of 4 GB"] = () => Begin().Record(6, [.. new byte[28], .. HugeText]).DataEnd().End(),
        ["summary beyond the end"] = () => Begin().DataEnd().End(summaryStart: 1UL << 62),
        ["summary from the beginning"] = () => Begin().DataEnd().End(summaryStart: 8),
        ["chunk index of 250 MB"] = () => Indexed(250_000_000, 40),
        ["chunk index at 2^63"] = () => Indexed(100, 1UL << 63),
        ["many opcodes of chunks"] = () => Begin().Raw([.. Enumerable.Repeat((byte)6, 300_000)]).DataEnd().End(),
        ["nothing but zeros"] = () => Begin().Raw(new byte[300_000]).DataEnd().End(),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Read_OfAFileThatClaims_AllocatesLittleAndSaysWhy(string which)
    {
        var file = Files[which]();
        var path = _folder.At("hostile.mcap");
        File.WriteAllBytes(path, file);
        Assert.InRange(Least(() => Assert.True(McapDamageTests.ReadAll(file).Problems.Count > 0 || which.StartsWith("chunk index"), "nothing is said")), 0, MostBytes);
        Assert.InRange(
            Least(() =>
            {
                using var indexed = McapFile.Open(path);
                using var cursor = indexed.ReadMessages();
                while (cursor.Read())
                {
                }

                indexed.Attachments.ToList().ForEach(attachment => indexed.Read(attachment));
                Assert.True(indexed.Problems.Count > 0, "nothing is said");
            }),
            0,
            MostBytes);
        Assert.Equal(file, File.ReadAllBytes(path));
    }

    /// <summary>Moving what is held with every piece that comes would take minutes.</summary>
    [Fact]
    public void Read_LargeRecordInSmallPieces_EndsSoon()
    {
        var file = Begin().Chunk("", RawMcap.Message(1, 5, new byte[8_000_000])).DataEnd().End();
        var started = Stopwatch.GetTimestamp();
        using var reader = new McapStreamReader(new TrickleStream(file, mostBytes: 100));
        while (reader.Read())
        {
        }

        Assert.Equal(0, reader.Problems.Count);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 30);
    }

    [Fact]
    public void Read_MapOfVeryManyEntries_IsRefused()
    {
        var entries = new byte[8 * 70_000]; // empty keys, empty values
        var file = Begin().Record(12, [.. RawMcap.Text("n"), .. RawMcap.U32((uint)entries.Length), .. entries]).DataEnd().End();
        Assert.Equal(0, McapDamageTests.ReadAll(file).Problems.Count); // one key, once

        var distinct = Enumerable.Range(0, 70_000).SelectMany(i => (byte[])[.. RawMcap.Text($"{i}"), .. RawMcap.U32(0)]).ToArray();
        file = Begin().Record(12, [.. RawMcap.Text("n"), .. RawMcap.U32((uint)distinct.Length), .. distinct]).DataEnd().End();
        Assert.Contains("65536 entries", Assert.Single(McapDamageTests.ReadAll(file).Problems.First).What);
    }

    [Fact]
    public void Read_MoreOpenAtOnceThanAllowed_IsRefusedInOneLine()
    {
        var sample = new McapSample(1_000);
        var path = _folder.At("overlap.mcap");
        File.WriteAllBytes(path, sample.Write(McapCompression.None)); // each chunk overlaps with some others
        using var file = McapFile.Open(path, new McapReaderOptions { MaxChunkBytes = 10_000, MaxRecordBytes = 10_000, MaxOpenBytes = 20_000 });
        using var cursor = file.ReadMessages();
        var fault = Assert.Throws<McapFormatException>(() =>
        {
            while (cursor.Read())
            {
            }
        });
        Assert.Contains("overlap at log time", fault.Message);
    }

    [Fact]
    public void Read_RecordLargerThanAllowed_IsSkippedWhereTheFileHoldsIt()
    {
        var file = Begin().Record(9, new byte[50_000]).Chunk("", RawMcap.Message(1, 5, "a"u8)).DataEnd().End();
        using var reader = new McapStreamReader(new MemoryStream(file), new McapReaderOptions { MaxRecordBytes = 10_000, MaxChunkBytes = 10_000 });
        var messages = 0;
        while (reader.Read())
        {
            messages += reader.Opcode == McapOpcode.Message ? 1 : 0;
        }

        Assert.Equal(1, messages);
        Assert.Equal(McapProblemKind.TooLarge, Assert.Single(reader.Problems.First).Kind);
    }

    private static RawMcap Begin() => new RawMcap().Header().SchemaAndChannel();

    /// <summary>A summary without a checksum, with one chunk index.</summary>
    private static byte[] Indexed(ulong length, ulong offset)
    {
        var raw = Begin().DataEnd();
        var start = (ulong)raw.Length;
        return raw.SchemaAndChannel()
            .Record(11, [.. RawMcap.U64(1), .. RawMcap.U16(1), .. RawMcap.U32(1), .. RawMcap.U32(0), .. RawMcap.U32(0), .. RawMcap.U32(1), .. RawMcap.U64(0), .. RawMcap.U64(1), .. RawMcap.U32(0)])
            .Record(8, [.. RawMcap.U64(0), .. RawMcap.U64(1), .. RawMcap.U64(offset), .. RawMcap.U64(length), .. RawMcap.U32(0), .. RawMcap.U64(0), .. RawMcap.Text("zstd"), .. RawMcap.U64(9), .. RawMcap.U64(9)])
            .End(start);
    }

    private static long Least(Action action) => SteadyState.Allocated(action);
}
