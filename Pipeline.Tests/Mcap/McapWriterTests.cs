using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Mcap;

public sealed class McapWriterTests : IDisposable
{
    private static readonly Dictionary<string, string> None = [];

    private readonly TestFolder _folder = new();
    private readonly TestTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_AfterTheChunksAge_ClosesIt()
    {
        var file = new MemoryStream();
        using var writer = Writer(file, new McapWriterOptions { ChunkAge = TimeSpan.FromMilliseconds(500) });
        writer.Write(0, 1, 1, 1, "a"u8);
        var before = writer.Bytes;
        _clock.Advance(TimeSpan.FromMilliseconds(499));
        writer.Write(0, 2, 2, 2, "b"u8);
        Assert.Equal(before, writer.Bytes);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        writer.Write(0, 3, 3, 3, "c"u8);

        Assert.Equal([1u, 2u, 3u], Sequences(file.ToArray())); // as after a crash here
        Assert.Equal(writer.Bytes, file.Length);
    }

    [Fact]
    public void CloseChunkIfDue_WithoutAnotherMessage_ClosesIt()
    {
        var file = new MemoryStream();
        using var writer = Writer(file, new McapWriterOptions { ChunkAge = TimeSpan.FromMilliseconds(500) });
        writer.Write(0, 1, 1, 1, "a"u8);
        writer.CloseChunkIfDue();
        Assert.Empty(Sequences(file.ToArray()));
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        writer.CloseChunkIfDue();
        Assert.Equal([1u], Sequences(file.ToArray()));
    }

    [Fact]
    public void Write_MessageLargerThanAChunk_HasAChunkOfItsOwn()
    {
        var file = new MemoryStream();
        using var writer = Writer(file, new McapWriterOptions { ChunkBytes = 1_024, Compression = McapCompression.None });
        writer.Write(0, 1, 1, 1, "a"u8);
        writer.Write(0, 2, 2, 2, new byte[50_000]);
        writer.Write(0, 3, 3, 3, "c"u8);
        writer.Finish();

        using var reader = new McapStreamReader(new MemoryStream(file.ToArray()));
        var chunks = new List<ulong>();
        while (reader.Read())
        {
            chunks.AddRange(reader.Record is McapChunk chunk ? [chunk.UncompressedBytes] : []);
        }

        Assert.Equal([32ul, 50_031, 32], chunks);
    }

    [Fact]
    public void Write_WhatDoesNotCompress_IsStoredAsItIs()
    {
        var file = new MemoryStream();
        using var writer = Writer(file, new McapWriterOptions());
        var noise = new byte[5_000];
        new Random(3).NextBytes(noise);
        writer.Write(0, 1, 1, 1, noise);
        writer.CloseChunk();
        writer.Write(0, 2, 2, 2, new byte[5_000]);
        writer.Finish();

        using var reader = new McapStreamReader(new MemoryStream(file.ToArray()));
        var compressions = new List<string>();
        while (reader.Read())
        {
            compressions.AddRange(reader.Record is McapChunk chunk ? [chunk.Compression] : []);
        }

        Assert.Equal(["", "zstd"], compressions);
        Assert.Equal([1u, 2u], Sequences(file.ToArray()));
    }

    [Theory]
    [InlineData(McapCompression.None)]
    [InlineData(McapCompression.Zstd)]
    [InlineData(McapCompression.Lz4)]
    public void Write_Warm_AllocatesNothingAMessage(McapCompression compression)
    {
        using var writer = Writer(Stream.Null, new McapWriterOptions { Compression = compression, ChunkBytes = 65_536 });
        var data = new byte[1_000];
        var sequence = 0u;
        void Chunks()
        {
            for (var i = 0; i < 640; i++)
            {
                writer.Write((ushort)(i % 2), sequence, sequence, sequence, data);
                sequence++;
            }
        }

        Chunks();
        Assert.Equal(0, SteadyState.Allocated(Chunks));
    }

    [Fact]
    public void Write_DiskFull_IsOneClearExceptionAndTheFileReadable()
    {
        var disk = new FullDisk(30_000);
        var writer = new McapWriter(disk, "drive.mcap", new McapWriterOptions { ChunkBytes = 4_096, Compression = McapCompression.None }, _clock);
        writer.AddChannel("/t", "json", 0, None);
        var written = 0u;
        void Fill()
        {
            for (; written < 1_000; written++)
            {
                writer.Write(0, written, written, written, new byte[500]);
            }
        }

        var fault = Assert.Throws<McapWriteException>(Fill);

        Assert.Matches("^drive.mcap cannot be written beyond byte [0-9]+: No space left on device", fault.Message);
        Assert.Same(fault, writer.Failure);
        Assert.Same(fault, Assert.Throws<McapWriteException>(writer.Finish));
        Assert.Same(fault, Assert.Throws<McapWriteException>(() => writer.AddMetadata("m", None)));
        writer.Dispose(); // says nothing more
        Assert.True(disk.Closed);
        var read = Sequences(disk.Bytes);
        Assert.InRange(written - read.Count, 0, 8); // a chunk's worth
        Assert.Equal(Enumerable.Range(0, read.Count).Select(i => (uint)i), read);
    }

    [Fact]
    public void Create_OnAFullDevice_IsTheSameException()
    {
        using var device = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.Contains("/dev/full", Assert.Throws<McapWriteException>(() => new McapWriter(device, "/dev/full", new McapWriterOptions(), _clock)).Message);
    }

    [Fact]
    public void Create_WhereAFileIs_LeavesItAlone()
    {
        var path = _folder.Write("drive.mcap", "mine");
        Assert.Throws<IOException>(() => McapWriter.Create(path, new McapWriterOptions(), _clock));
        Assert.Equal("mine", File.ReadAllText(path));
    }

    [Fact]
    public void Create_NeverFinished_HasEveryClosedChunkOnDisk()
    {
        var path = _folder.At("drive.mcap");
        using var writer = McapWriter.Create(path, new McapWriterOptions(), _clock);
        writer.AddChannel("/t", "json", 0, None);
        for (var i = 0u; i < 25; i++)
        {
            writer.Write(0, i, i, i, new byte[1_000]);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        using var file = McapFile.Open(path); // what a killed process leaves
        Assert.False(file.IsIndexed);
        Assert.Equal(24ul, file.Statistics!.MessageCount); // a chunk every 0.6 s, begun by its first message
        Assert.Equal(McapProblemKind.Cut, Assert.Single(file.Problems.First).Kind);
    }

    [Fact]
    public void Dispose_WithoutFinish_FinishesTheFile()
    {
        var path = _folder.At("drive.mcap");
        using (var writer = McapWriter.Create(path, new McapWriterOptions(), _clock))
        {
            writer.AddChannel("/t", "json", 0, None);
            writer.Write(0, 1, 1, 1, "a"u8);
        }

        using var file = McapFile.Open(path);
        Assert.True(file.IsIndexed);
        Assert.Equal(1ul, file.Statistics!.MessageCount);
    }

    [Fact]
    public void Dispose_DiskFull_LeavesTheErrorInFailure()
    {
        var writer = Writer(new FullDisk(200), new McapWriterOptions());
        writer.Write(0, 1, 1, 1, "a"u8);
        writer.Dispose();
        Assert.NotNull(writer.Failure);
    }

    [Fact]
    public void Write_WhatCannotBe_IsRefusedAndTheFileGoesOn()
    {
        var file = new MemoryStream();
        using var writer = Writer(file, new McapWriterOptions { MaxMessageBytes = 1_024 });
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(2, 1, 1, 1, "a"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(0, 1, 1, 1, new byte[1_025]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddChannel("/u", "json", 1, None));
        writer.Write(0, 5, 1, 1, "a"u8);
        writer.Finish();
        Assert.Throws<InvalidOperationException>(() => writer.Write(0, 6, 1, 1, "a"u8));
        Assert.Equal([5u], Sequences(file.ToArray()));
    }

    [Fact]
    public void Finish_NothingWritten_IsAWholeFile()
    {
        var file = new MemoryStream();
        using var writer = new McapWriter(file, "empty", new McapWriterOptions(), _clock);
        writer.Finish();
        using var reader = new McapStreamReader(new MemoryStream(file.ToArray()));
        while (reader.Read())
        {
            Assert.NotEqual(McapOpcode.Chunk, reader.Opcode);
        }

        Assert.Equal(0, reader.Problems.Count);
    }

    /// <summary>With channels 0 and 1.</summary>
    private McapWriter Writer(Stream destination, McapWriterOptions options)
    {
        var writer = new McapWriter(destination, "test", options, _clock);
        writer.AddChannel("/a", "json", 0, None);
        writer.AddChannel("/b", "json", 0, None);
        return writer;
    }

    private static List<uint> Sequences(byte[] file)
    {
        using var reader = new McapStreamReader(new MemoryStream(file));
        var sequences = new List<uint>();
        while (reader.Read())
        {
            if (reader.Opcode == McapOpcode.Message)
            {
                sequences.Add(reader.Message.Sequence);
            }
        }

        return sequences;
    }
}
