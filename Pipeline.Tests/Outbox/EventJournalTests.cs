using Forecast.Adapters.Outbox;

namespace Forecast.Pipeline.Tests.Outbox;

public sealed class EventJournalTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("forecast-journal-").FullName;
    private readonly TestTimeProvider _time = new((Start - DateTimeOffset.UnixEpoch).Ticks * 100);

    private string File => Path.Combine(_folder, "events.journal");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Append_AfterARestart_IsThereUntilItExpires()
    {
        using (var journal = Open())
        {
            journal.Append(Event("risk/event", 1, seconds: 60));
            journal.Append(Event("surprise/event", 2, seconds: 120));
            Assert.True(journal.Flush(Patience));
        }

        _time.Advance(TimeSpan.FromSeconds(59));
        using (var journal = Open())
        {
            var kept = journal.Unexpired();
            Assert.Equal(["risk/event", "surprise/event"], kept.Select(one => one.Topic));
            Assert.Equal([1, 2], kept.Select(one => (int)one.Payload.Span[0]));
            Assert.Equal(Start + TimeSpan.FromSeconds(60), kept[0].Expires);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        using (var journal = Open())
        {
            Assert.Equal(["surprise/event"], journal.Unexpired().Select(one => one.Topic));
        }
    }

    [Fact]
    public void Open_TornAtEveryByteOfItsEnd_GivesAllThatIsWhole()
    {
        using (var journal = Open())
        {
            for (var i = 0; i < 3; i++)
            {
                journal.Append(Event("risk/event", (byte)i, seconds: 60));
            }

            Assert.True(journal.Flush(Patience));
        }

        var whole = System.IO.File.ReadAllBytes(File);
        var last = (whole.Length - 8) / 3;
        for (var cut = 0; cut <= last; cut++)
        {
            System.IO.File.WriteAllBytes(File, whole[..^cut]);
            using var journal = Open();
            Assert.Equal(cut == 0 ? 3 : 2, journal.Unexpired().Count);
            Assert.Equal(cut == 0 || cut == last ? 0 : last - cut, journal.TornBytes);
        }
    }

    [Fact]
    public void Open_OneBitTurned_GivesOnlyWhatLiesBefore()
    {
        using (var journal = Open())
        {
            for (var i = 0; i < 3; i++)
            {
                journal.Append(Event("risk/event", (byte)i, seconds: 60));
            }

            Assert.True(journal.Flush(Patience));
        }

        var whole = System.IO.File.ReadAllBytes(File);
        var each = (whole.Length - 8) / 3;
        for (var at = 8 + each; at < 8 + (2 * each); at++)
        {
            var spoilt = whole.ToArray();
            spoilt[at] ^= 0x10;
            System.IO.File.WriteAllBytes(File, spoilt);
            using var journal = Open();
            Assert.Equal([0], journal.Unexpired().Select(one => (int)one.Payload.Span[0]));
        }
    }

    [Fact]
    public void Append_BeyondTheCap_OldestGoAreCountedAndTheFileStaysWithinIt()
    {
        using (var journal = Open(most: 4096))
        {
            for (var i = 0; i < 200; i++)
            {
                journal.Append(Event("risk/event", (byte)i, seconds: 60));
                Assert.True(journal.Flush(Patience));
                Assert.InRange(new FileInfo(File).Length, 1, 4096);
            }

            Assert.Equal(200 - journal.Unexpired().Count, journal.Dropped);
            Assert.Equal(199, journal.Unexpired()[^1].Payload.Span[0]);
        }

        using var again = Open(most: 4096);
        Assert.Equal(199, again.Unexpired()[^1].Payload.Span[0]);
    }

    [Fact]
    public void Append_WhatExpired_MakesRoomAndIsNotCountedAsDropped()
    {
        using var journal = Open(most: 4096);
        for (var i = 0; i < 500; i++)
        {
            journal.Append(new JournalRecord("risk/event", new byte[50], _time.GetUtcNow() + TimeSpan.FromSeconds(1)));
            Assert.True(journal.Flush(Patience));
            _time.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.Equal(0, journal.Dropped);
        Assert.InRange(new FileInfo(File).Length, 1, 4096);
    }

    [Fact]
    public void Open_AnotherProgramsFile_IsLeftAloneAndNamed()
    {
        System.IO.File.WriteAllText(File, "somebody's notes");

        var refused = Assert.Throws<IOException>(() => Open());

        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
        Assert.Equal("somebody's notes", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Append_FromManyThreads_KeepsEveryOne()
    {
        using (var journal = Open(most: 1 << 20))
        {
            Parallel.For(0, 400, i => journal.Append(new JournalRecord("risk/event", BitConverter.GetBytes(i), Start + Patience)));
            Assert.True(journal.Flush(Patience));
        }

        using var again = Open(most: 1 << 20);
        Assert.Equal(Enumerable.Range(0, 400), again.Unexpired().Select(one => BitConverter.ToInt32(one.Payload.Span)).Order());
    }

    [Fact]
    public void Open_WhileAnotherHoldsIt_IsRefusedAndFreeAfterwards()
    {
        using (Open())
        {
            Assert.Contains("another run holds this journal", Assert.Throws<IOException>(() => Open()).Message, StringComparison.Ordinal);
        }

        Open().Dispose();
    }

    private EventJournal Open(long most = 1 << 16) => new(File, most, _time);

    private static JournalRecord Event(string topic, byte mark, int seconds) => new(topic, Enumerable.Repeat(mark, 50).ToArray(), Start + TimeSpan.FromSeconds(seconds));
}
