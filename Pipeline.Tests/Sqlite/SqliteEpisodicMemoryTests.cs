using Forecast.Adapters.Sqlite;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Sqlite;

public sealed class SqliteEpisodicMemoryTests : IDisposable
{
    private const long Bytes = 32_000_000;
    private static readonly ModelManifest Manifest = TestManifest.Create();

    private readonly TestFolder _folder = new();
    private readonly List<string> _log = [];

    private string Path => _folder.At("memory.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Recall_AfterReopening_GivesBackWhatWasKept()
    {
        using (var memory = Open())
        {
            Assert.Empty(memory.Recall());
            Keep(memory, 0, "Süd 1", 0.25f, alarm: false, 1, 2, 3, 4);
            Keep(memory, 2, "drive", 0.75f, alarm: true, 5, 6, 7, 8);
            Keep(memory, 0, "drive", 0.5f, alarm: true, 9, 10, 11, 12); // in place of the first
        }

        Assert.Equal([Path], Directory.GetFiles(_folder.Path)); // the log went into the file
        using var again = Open();
        var episodes = again.Recall();

        Assert.Equal([0, 2], episodes.Select(episode => episode.Slot));
        Assert.Equal([9, 10, 11, 12], episodes[0].Descriptor);
        Assert.Equal(new EpisodeFacts("drive", new Timestamp(900), 0.5f, true), episodes[0].Facts);
        Assert.Equal(new EpisodeFacts("drive", new Timestamp(500), 0.75f, true), episodes[1].Facts);
        Assert.True(episodes[0].Age > episodes[1].Age);
        Assert.Empty(_log);
    }

    [Fact]
    public void Recall_WhileRowsWait_WritesThemFirst()
    {
        using var memory = Open();
        for (var i = 0; i < 20; i++)
        {
            Keep(memory, i, "drive", 0, alarm: false, i, 1, 1, 1);
        }

        Assert.Equal(20, memory.Recall().Count);
        Assert.Equal((20, 0), (memory.Written, memory.Dropped));
    }

    [Fact]
    public void Keep_FasterThanTheDisk_DropsCountedAndNeverWaits()
    {
        using var memory = Open();
        var (taken, refused) = (0, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var kept = memory.Keep(i % 100, new EpisodeFacts("drive", default, 0, false), [1, 2, 3, 4]);
            (taken, refused) = kept ? (taken + 1, refused) : (taken, refused + 1);
        }

        memory.Recall();
        Assert.Equal((taken, refused), (memory.Written, memory.Dropped));
        Assert.True(refused > 0 && taken >= SqliteEpisodicMemory.MostWaiting);
    }

    [Fact]
    public void Keep_AfterWarmUp_AllocatesNothing()
    {
        using var memory = Open();
        var facts = new EpisodeFacts("drive", default, 0, false);
        float[] descriptor = [1, 2, 3, 4];
        memory.Keep(0, facts, descriptor);
        memory.Recall();
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 30; i++)
            {
                memory.Keep(i, facts, descriptor);
            }
        }));
    }

    [Theory]
    [InlineData(10_000, 32_000_000, 10_000)]
    [InlineData(10_000, 272_000, 1000)] // 16 bytes of descriptor and 256 beside
    [InlineData(100, 1, 1)]
    public void Open_Bounds_AreRowsAndBytes(int rows, long bytes, int capacity)
    {
        using var memory = SqliteEpisodicMemory.Open(Path, Manifest, rows, bytes, _log.Add);
        Assert.Equal(capacity, memory.Capacity);
    }

    [Fact]
    public void Open_SmallerThanBefore_ForgetsTheSlotsThatAreNoMore()
    {
        using (var memory = Open())
        {
            Keep(memory, 5, "drive", 0, alarm: false, 1, 1, 1, 1);
            Keep(memory, 500, "drive", 0, alarm: false, 1, 1, 1, 1);
        }

        using var again = SqliteEpisodicMemory.Open(Path, Manifest, 100, Bytes, _log.Add);
        Assert.Equal(5, Assert.Single(again.Recall()).Slot);
    }

    [Theory]
    [InlineData("{ \"schema\": \"forecast.model/1\" }")]
    [InlineData("not a database at all, but long enough to be taken for one: ............................................")]
    [InlineData("SQLite format 3\0, it says, and then goes on with anything but what such a file's first hundred bytes must hold, up to here.")]
    public void Open_FileThatIsNoMemory_IsRefusedInOneLineAndLeftAsItIs(string content)
    {
        File.WriteAllText(Path, content);

        Assert.Equal($"{Path}: is no memory of forecast's, and is left as it is; name another file in memory.path", Assert.Throws<EpisodeFileException>(Open).Message);
        Assert.Equal(content, File.ReadAllText(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Open_DamagedDatabaseOfSomethingElse_IsLeftAsItIs()
    {
        using (var other = new SqliteDatabase(Path))
        {
            other.Execute("CREATE TABLE precious(thing); INSERT INTO precious VALUES (42)");
        }

        Overwrite(page: 0, from: 100);
        var before = File.ReadAllBytes(Path);
        Assert.DoesNotContain('\n', Assert.Throws<EpisodeFileException>(Open).Message);
        Assert.Equal(before, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Open_EmptyFile_BeginsInIt()
    {
        File.WriteAllText(Path, "");
        Fill();
        using var memory = Open();
        Assert.Equal(60, memory.Recall().Count);
        Assert.Empty(_log);
    }

    [Fact]
    public void Open_PageOverwritten_SetsItAsideAndBegins()
    {
        Fill();
        Overwrite(page: 3);
        using var memory = Open();
        Assert.Empty(memory.Recall());
        Assert.Contains("is damaged", Assert.Single(_log), StringComparison.Ordinal);
        Assert.True(File.Exists(Path + ".damaged"));
    }

    [Fact]
    public void Open_DamagedAgainAndAgain_KeepsTheLastAsideAlone()
    {
        for (var i = 0; i < 3; i++)
        {
            Fill();
            Overwrite(page: 3);
            Open().Dispose();
        }

        Assert.Equal(3, _log.Count);
        Assert.Equal([Path, Path + ".damaged"], Directory.GetFiles(_folder.Path).Order());
    }

    [Fact]
    public void Open_ModelsByTurns_SetsTheOthersScenesAsideAndTakesItsOwnBack()
    {
        Fill();
        for (var turn = 0; turn < 3; turn++)
        {
            using (var other = SqliteEpisodicMemory.Open(Path, Manifest with { Sha256 = new string('b', 64) }, 1000, Bytes, _log.Add))
            {
                Assert.Equal(turn, other.Recall().Count);
                Keep(other, turn, "drive", 0, alarm: false, 1, 1, 1, 1);
            }

            Assert.True(File.Exists($"{Path}.model-aaaaaaaaaaaa"));
            using var own = Open();
            Assert.Equal(60, own.Recall().Count);
        }

        Assert.Contains("holds scenes of another model", _log[0], StringComparison.Ordinal);
        Assert.Contains("this model's taken back", _log[1], StringComparison.Ordinal);
        Assert.Equal([Path, $"{Path}.model-bbbbbbbbbbbb"], Directory.GetFiles(_folder.Path).Order());
    }

    [Fact]
    public void Open_DatabaseOfSomethingElse_IsLeftAlone()
    {
        using (var other = new SqliteDatabase(Path))
        {
            other.Execute("CREATE TABLE precious(thing); INSERT INTO precious VALUES (42)");
        }

        Assert.Equal($"{Path}: is a database of something else; name another file in memory.path", Assert.Throws<EpisodeFileException>(Open).Message);
        using var still = new SqliteDatabase(Path);
        Assert.Equal("delete", still.Scalar("PRAGMA journal_mode"));
        Assert.Equal("42", still.Scalar("SELECT thing FROM precious"));
    }

    [Fact]
    public void Open_HeldByAnotherRun_IsRefusedInOneLine()
    {
        using var memory = Open();
        Assert.Equal($"{Path}: another run holds this memory; give each run its own memory.path", Assert.Throws<EpisodeFileException>(Open).Message);
    }

    [Fact]
    public void Open_NoSuchFolder_IsRefusedInOneLine()
    {
        var thrown = Assert.Throws<EpisodeFileException>(() => SqliteEpisodicMemory.Open(_folder.At("gone/memory.db"), Manifest, 100, Bytes, _log.Add));
        Assert.DoesNotContain('\n', thrown.Message);
        Assert.Contains("cannot be used as a memory", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_DiskFull_SaysSoOnceAndGoesOn()
    {
        // The file may not outgrow 64 pages; long names fill them.
        using var memory = SqliteEpisodicMemory.Open(Path, Manifest, 1000, bytes: 300_000, _log.Add);
        var name = new string('n', 4000);
        for (var i = 0; i < 300; i++)
        {
            memory.Keep(i, new EpisodeFacts(name, default, 0, false), [1, 2, 3, 4]);
            memory.Recall();
        }

        Assert.True(memory.Dropped > 0 && memory.Written > 0);
        Assert.Equal(300, memory.Dropped + memory.Written);
        Assert.Contains("scenes are not kept until that is mended, the run goes on", Assert.Single(_log), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(Path).Length, 1, 400_000);
    }

    private SqliteEpisodicMemory Open() => SqliteEpisodicMemory.Open(Path, Manifest, 1000, Bytes, _log.Add);

    private void Overwrite(int page, int from = 0)
    {
        using var file = new FileStream(Path, FileMode.Open);
        file.Seek((4096 * page) + from, SeekOrigin.Begin);
        file.Write(new byte[4096 - from].Select((_, i) => (byte)(i * 7)).ToArray());
    }

    private void Fill()
    {
        using var memory = Open();
        for (var i = 0; i < 60; i++)
        {
            Keep(memory, i, new string('d', 400), 0, alarm: false, i, 1, 1, 1);
        }
    }

    private static void Keep(SqliteEpisodicMemory memory, int slot, string drive, float risk, bool alarm, params float[] descriptor) =>
        Assert.True(memory.Keep(slot, new EpisodeFacts(drive, new Timestamp((long)descriptor[0] * 100), risk, alarm), descriptor));
}
