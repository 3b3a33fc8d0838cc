using Forecast.Pipeline.Tests.Cli;
using Forecast.Replay.Recording;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The whole program recorded: replayed as recorded and exactly, killed while it records, and on a disk that is full.</summary>
[Collection(EndToEndTests.Name)]
public sealed class RecordingRunTests : IDisposable
{
    private const int Kill = 9;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker)]
    public void Demo_Recorded_IsReplayedAsItWasDecidedAndExactlyTwice()
    {
        using var demo = ForecastProgram.Run(_folder.Path, Limit, "demo", "--drive", "calm", "--record", "rec", "--metrics", "0", "--summary", "live.json");
        Assert.True(demo.WaitForExit(Limit) == 0, demo.ToString());
        var live = new RunSummary(_folder.At("live.json"));
        var recording = Assert.Single(Directory.GetDirectories(_folder.At("rec")));

        using var again = ForecastProgram.Run(_folder.Path, Limit, "replay", recording, "--as-recorded", "--summary", "again.json");
        Assert.True(again.WaitForExit(Limit) == 0, again.ToString());
        var told = new RunSummary(_folder.At("again.json"));
        Assert.Equal((live.Published, live.Formed), (told.Published, told.Formed));
        Assert.Contains(again.Output, line => line.Contains("are those of the recorded run", StringComparison.Ordinal));

        var digests = new List<string?>();
        foreach (var speed in new[] { "max", "4" })
        {
            using var exact = ForecastProgram.Run(_folder.Path, Limit, "replay", recording, "--exact", "--speed", speed, "--summary", "exact.json");
            Assert.True(exact.WaitForExit(Limit) == 0, exact.ToString());
            digests.Add(new RunSummary(_folder.At("exact.json")).Digest);
        }

        Assert.Equal(64, digests[0]?.Length);
        Assert.Equal(digests[0], digests[1]);
    }

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker)]
    public void Demo_KilledWhileItRecords_LosesOneSecondAtMost()
    {
        using var demo = new ForecastProgram(_folder.Path, "demo", "--drive", "calm", "--record", "rec", "--metrics", "0");
        demo.WaitForLine("publishing below", Limit);
        Thread.Sleep(TimeSpan.FromSeconds(6));
        var killed = DateTimeOffset.UtcNow;
        demo.Signal(Kill);
        demo.WaitForExit(Limit);

        var recording = RecordingReader.Open(Assert.Single(Directory.GetDirectories(_folder.At("rec"))));
        var last = recording.Ego[^1].ArrivalTime.Nanoseconds / 1e9;
        Assert.InRange((killed.ToUnixTimeMilliseconds() / 1e3) - last, 0, 1);
        Assert.Equal(0UL, recording.Missing);
        using var exact = ForecastProgram.Run(_folder.Path, Limit, "replay", recording.Path, "--exact");
        Assert.True(exact.WaitForExit(Limit) == 0, exact.ToString());
    }

    [EndToEndFact(Needs.Model, Needs.Calm, Needs.Broker)]
    public void Demo_DiskFullWhileItRecords_ForecastsOnAndSaysWhatIsMissing()
    {
        using var demo = ForecastProgram.WithLargestFile(_folder.Path, 4096, ["demo", "--drive", "calm", "--record", "rec", "--metrics", "0", "--summary", "live.json"]);
        Assert.True(demo.WaitForExit(Limit) == 0, demo.ToString());

        Assert.Contains(demo.Error, line => line.Contains("cannot be written beyond byte", StringComparison.Ordinal));
        Assert.Contains(demo.Error, line => line.Contains("messages were left out", StringComparison.Ordinal));
        var recording = RecordingReader.Open(Assert.Single(Directory.GetDirectories(_folder.At("rec"))));
        Assert.True(recording.Files.Count > 1, "a new file is tried when the disk has refused");
        Assert.True(recording.Missing > 0);
        Assert.True(new RunSummary(_folder.At("live.json")).Published > 0, demo.ToString());
    }
}
