using System.Buffers;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Tests.Mqtt;

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
    public void Open_OneBitTurned_LosesThatRecordAloneAndKeepsTheFileAsItWas()
    {
        var whole = ThreeEvents();
        var each = (whole.Length - 8) / 3;
        for (var at = 8 + each; at < 8 + (2 * each); at++)
        {
            var spoilt = whole.ToArray();
            spoilt[at] ^= 0x10;
            System.IO.File.WriteAllBytes(File, spoilt);
            using var journal = Open();
            Assert.Equal([0, 2], journal.Unexpired().Select(one => (int)one.Payload.Span[0]));
            Assert.Equal((each, 0), (journal.DamagedBytes, journal.TornBytes));
            Assert.Contains("events.journal.damaged", journal.Notice, StringComparison.Ordinal);
            Assert.Equal(spoilt, System.IO.File.ReadAllBytes(File + ".damaged"));
        }
    }

    [Fact]
    public void Open_LastRecordSpoiltOrZeroes_IsSaidAndKeptAsItWas()
    {
        var whole = ThreeEvents();
        var zeroed = whole.ToArray();
        whole[^1] ^= 1;
        zeroed.AsSpan(8 + (2 * ((whole.Length - 8) / 3))).Clear(); // what a power cut can leave
        foreach (var spoilt in new[] { whole, zeroed })
        {
            System.IO.File.WriteAllBytes(File, spoilt);
            using var journal = Open();
            Assert.Equal(2, journal.Unexpired().Count);
            Assert.Equal(spoilt, System.IO.File.ReadAllBytes(File + ".damaged"));
            Assert.Contains("are spoilt", journal.Notice, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Open_ARecordSeemsToBeginEverywhere_EndsSoon()
    {
        var hostile = new byte[8 + (1 << 22)];
        "FCEVENT1"u8.CopyTo(hostile);
        for (var at = 8; at + 18 <= hostile.Length; at += 18)
        {
            BitConverter.TryWriteBytes(hostile.AsSpan(at), 1 << 20);
            BitConverter.TryWriteBytes(hostile.AsSpan(at + 8), Start.ToUnixTimeMilliseconds());
        }

        System.IO.File.WriteAllBytes(File, hostile);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        using var journal = Open();

        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 5);
        Assert.Equal(1 << 22, journal.DamagedBytes);
    }

    [Fact]
    public void Open_LargerThanAnyOfOurs_IsSetAsideUnreadAndSaid()
    {
        System.IO.File.WriteAllBytes(File, ThreeEvents());
        using (var grown = System.IO.File.OpenWrite(File))
        {
            grown.SetLength(EventJournal.MostBytes + 1L);
        }

        using var journal = Open();

        Assert.Empty(journal.Unexpired());
        Assert.Contains("larger than any journal", journal.Notice, StringComparison.Ordinal);
        Assert.Equal(EventJournal.MostBytes + 1L, new FileInfo(File + ".damaged").Length);
    }

    [Fact]
    public void Append_DiskRefused_IsTriedAgainInTimeWithoutAnotherEvent()
    {
        using var journal = Open(most: 4096);
        Fill(journal);
        var elsewhere = TakeFolderAway();
        journal.Append(Event("risk/event", 200, seconds: 60)); // the file is full: it must be made anew, and cannot be
        Assert.False(journal.Flush(Patience));
        Assert.NotNull(journal.Trouble);

        Directory.Move(elsewhere, _folder);
        Assert.NotNull(journal.Trouble);
        _time.Advance(EventJournal.RetryAfter);

        Eventually.True(() => journal.Trouble is null, "it was not tried again");
        Assert.Equal(200, JournalScan.Of(System.IO.File.ReadAllBytes(File).AsSpan(8)).Records[^1].Payload.Span[0]);
    }

    [Fact]
    public void Append_WhileTheDiskRefuses_IsCappedAndCounted()
    {
        using var journal = Open(most: 4096);
        Fill(journal);
        var elsewhere = TakeFolderAway();
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(journal.Append(Event("risk/event", (byte)i, seconds: 60)));
        }

        Assert.False(journal.Flush(Patience));
        Assert.InRange(journal.Unexpired().Count, 40, 52);
        Assert.Equal(1000 + EventsThatFill - journal.Unexpired().Count, journal.Dropped);
        Assert.True(journal.Failures >= 1);
        Directory.Move(elsewhere, _folder);
        Assert.True(journal.Flush(Patience));
        Assert.InRange(new FileInfo(File).Length, 1, 4096);
    }

    [Fact]
    public void Append_VeryManySmallOnes_AreCappedByTheirNumber()
    {
        using var journal = Open(most: 1 << 20);
        for (var i = 0; i < EventJournal.MostRecords + 10; i++)
        {
            journal.Append(new JournalRecord("r", new byte[1], Start + Patience));
        }

        Assert.Equal((EventJournal.MostRecords, 10), (journal.Unexpired().Count, journal.Dropped));
    }

    [Fact]
    public void Append_AnEventThatCannotBeWritten_EndsNeitherTheThreadNorTheOthers()
    {
        using var journal = Open();
        using var broken = new BrokenMemory();
        journal.Append(new JournalRecord("risk/event", broken.Memory, Start + TimeSpan.FromSeconds(1)));
        journal.Append(Event("risk/event", 7, seconds: 60));
        Assert.False(journal.Flush(Patience));
        Assert.Contains("no such memory", journal.Trouble, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(1));

        Eventually.True(() => journal.Trouble is null, "the next ones were not written");
        Assert.Equal([7], JournalScan.Of(System.IO.File.ReadAllBytes(File).AsSpan(8)).Records.Select(one => (int)one.Payload.Span[0]));
    }

    [Fact]
    public void Append_TooLargeOrAfterTheEnd_IsRefusedAndCountedAndNotThrown()
    {
        var journal = Open(most: 1 << 22);
        Assert.False(journal.Append(new JournalRecord("risk/event", new byte[1 << 20], Start + Patience)));
        Assert.False(journal.Append(new JournalRecord(new string('t', ushort.MaxValue + 1), new byte[1], Start + Patience)));
        Assert.True(journal.Append(Event("risk/event", 1, seconds: 60)));
        journal.Dispose();
        Assert.False(journal.Append(Event("risk/event", 2, seconds: 60)));
        Assert.Equal(3, journal.Refused);

        using var small = Open(most: 4096);
        Assert.False(small.Append(new JournalRecord("risk/event", new byte[5000], Start + Patience)));
        Assert.Single(small.Unexpired());
    }

    [Fact]
    public void Open_FolderThatCannotBe_IsSaidOtherwiseThanAJournalThatIsHeld()
    {
        System.IO.File.WriteAllText(Path.Combine(_folder, "file"), "");

        var refused = Assert.Throws<IOException>(() => new EventJournal(Path.Combine(_folder, "file", "events.journal"), 1 << 16, _time));

        Assert.Contains("cannot be written to", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("another run", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SmallerThanBefore_DropsTheOldestAndCountsThem()
    {
        using (var journal = Open(most: 1 << 20))
        {
            for (var i = 0; i < 200; i++)
            {
                journal.Append(Event("risk/event", (byte)i, seconds: 60));
            }
        }

        using var smaller = Open(most: 4096);
        Assert.Equal(199, smaller.Unexpired()[^1].Payload.Span[0]);
        Assert.Equal(200 - smaller.Unexpired().Count, smaller.Dropped);
        Assert.InRange(smaller.Bytes, 1, 4096);
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

    private const int EventsThatFill = 52; // of 78 bytes each, in 4096

    private byte[] ThreeEvents()
    {
        using (var journal = Open())
        {
            for (var i = 0; i < 3; i++)
            {
                journal.Append(Event("risk/event", (byte)i, seconds: 60));
            }

            Assert.True(journal.Flush(Patience));
        }

        return System.IO.File.ReadAllBytes(File);
    }

    private static void Fill(EventJournal journal)
    {
        for (var i = 0; i < EventsThatFill; i++)
        {
            journal.Append(Event("risk/event", (byte)i, seconds: 60));
        }

        Assert.True(journal.Flush(Patience));
        Assert.Equal(0, journal.Dropped);
    }

    /// <summary>A disk that refuses, for any user.</summary>
    private string TakeFolderAway()
    {
        var elsewhere = _folder + ".away";
        Directory.Move(_folder, elsewhere);
        return elsewhere;
    }

    private EventJournal Open(long most = 1 << 16) => new(File, most, _time);

    private static JournalRecord Event(string topic, byte mark, int seconds) => new(topic, Enumerable.Repeat(mark, 50).ToArray(), Start + TimeSpan.FromSeconds(seconds));

    /// <summary>As long as it says, and never there.</summary>
    private sealed class BrokenMemory : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(4);

        public override Span<byte> GetSpan() => throw new InvalidOperationException("no such memory");

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
