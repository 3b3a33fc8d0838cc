using System.Text.Json;
using Forecast.Cli;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Tests.Cli;

public sealed class SummaryTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Summary_IsTheJsonOfTheDesign()
    {
        var path = _folder.Write("summary.json", "what was there before");

        SummaryFile.Write(path, Example());

        Assert.Equal(
            """
            {
              "framesets": {
                "captured": 4,
                "formed": 3,
                "published": 2,
                "dropped": {
                  "stale": 1
                }
              },
              "frames": {
                "front": {
                  "captured": 4,
                  "used": 3,
                  "dropped": {
                    "pool_empty": 1
                  }
                },
                "rear": {
                  "captured": 0,
                  "used": 0,
                  "dropped": {}
                }
              },
              "latency_ms": {
                "capture_to_publish": {
                  "p50": 40.5,
                  "p95": 60,
                  "p99": 70,
                  "max": 80
                },
                "encode": {
                  "p50": 1,
                  "p95": 2,
                  "p99": 3,
                  "max": null
                }
              },
              "deadline_miss_ratio": 0.5,
              "overhead_ms": {
                "p50": 0.5,
                "p99": 1.25
              },
              "alloc_bytes_per_frameset": 96,
              "gc": {
                "gen2": 1,
                "gen2_steady": 0,
                "pause_ratio": 0.001
              },
              "realtime_factor": 1,
              "risk_events": 1,
              "skill": {
                "0.5": 0.25,
                "4": null
              },
              "digest": null,
              "instruction_set": null,
              "recording": null,
              "injected": []
            }

            """,
            File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void DeadlineMissRatio_NothingCaptured_IsUnknown()
    {
        Assert.Null(Summary.DeadlineMissRatioOf(new Ledger(1).Copy()));
    }

    [Fact]
    public void Write_FolderGone_ThrowsAndLeavesNothing()
    {
        Assert.ThrowsAny<IOException>(() => SummaryFile.Write(_folder.At("gone/summary.json"), Example()));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void CheckWritable_GoodFolder_LeavesNothingBehind()
    {
        SummaryFile.CheckWritable(_folder.At("summary.json"));

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void CheckWritable_FolderThatTakesNoFiles_SaysSo()
    {
        // /proc takes no files, not even from root.
        var fault = Assert.Throws<UsageException>(() => SummaryFile.CheckWritable("/proc/summary.json"));

        Assert.Equal("--summary /proc/summary.json: the folder /proc cannot be written to; name another, or change its rights", fault.Message);
    }

    [Fact]
    public void Finish_InAPipe_IsPlainText()
    {
        var run = new CliRun(_folder.Path);

        SummaryReport.Finish(Example(), new Settings { SummaryFile = _folder.At("s.json") }, run.Console);

        Assert.StartsWith("Summary\n  frame sets          4 captured, 3 formed, 2 published, dropped 1 stale\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("\n  risk events         1\n", run.Output, StringComparison.Ordinal);
        Assert.All(run.Output, letter => Assert.True(letter is '\n' or (>= ' ' and <= '~'), $"U+{(int)letter:X4}"));
        Assert.True(File.Exists(_folder.At("s.json")));
    }

    [Fact]
    public void Finish_Json_IsAllThatIsOnStandardOutput()
    {
        var run = new CliRun(_folder.Path);

        SummaryReport.Finish(Example(), new Settings(), run.Console.With(json: true, quiet: false));

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(2, json.RootElement.GetProperty("framesets").GetProperty("published").GetInt32());
        Assert.Empty(run.Error);
    }

    private static Summary Example()
    {
        var ledger = new Ledger(2);
        for (var i = 0; i < 4; i++)
        {
            ledger.TickDue();
            ledger.FrameCaptured(0);
        }

        for (var i = 0; i < 3; i++)
        {
            ledger.SetFormed();
            ledger.FrameUsed(0);
        }

        ledger.FrameDropped(0, DropReason.PoolEmpty);
        ledger.SetDropped(DropReason.Stale);
        ledger.SetPublished(validAndOnTime: true);
        ledger.SetPublished(validAndOnTime: true);
        var copy = ledger.Copy();
        return new Summary
        {
            Framesets = Summary.FramesetsOf(copy),
            Frames = Summary.FramesOf(copy, ["front", "rear"]),
            Latency = new LatencySummary(
                new Percentiles(40.5, 60, 70, 80),
                new Dictionary<Stage, Percentiles> { [Stage.Encode] = new(1, 2, 3, double.NaN) }),
            DeadlineMissRatio = Summary.DeadlineMissRatioOf(copy),
            Overhead = new OverheadSummary(0.5, 1.25),
            AllocBytesPerFrameset = 96,
            Gc = new GcSummary(1, 0, 0.001),
            RealtimeFactor = 1,
            RiskEvents = 1,
            Skill = [new HorizonSkill(0.5, 0.25), new HorizonSkill(4, double.NaN)],
        };
    }
}
