using Forecast.Adapters.Drives;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Drives;

public sealed class DriveLabelsTests : IDisposable
{
    private const string Sound = """
        { "ticks": [ { "time_ns": 1700000000000000001, "boxes": [ [7, "vehicle", 4.5, -4.25, 0.5, 3.75, 1.75] ], "min_gap_m": null, "ttc_s": 1.5 },
                     { "time_ns": 1700000000100000001, "boxes": [] } ],
          "ego_poses": [ [1700000000000000001, 1.5, 2.5, 0.25], [1700000000100000001, 2.5, 2.5, 0.25] ] }
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_Sound_GivesEverybodyAtEveryTick()
    {
        var ticks = DriveLabels.Load(_folder.Write("labels.json", Sound));

        Assert.Equal(2, ticks.Count);
        Assert.Equal((new Timestamp(1_700_000_000_000_000_001), new Pose2(1.5f, 2.5f, 0.25f)), (ticks[0].Moment, ticks[0].Ego));
        Assert.Equal(new LabelledBox(4.5f, -4.25f, 0.5f, 3.75f, 1.75f), Assert.Single(ticks[0].Others));
        Assert.Empty(ticks[1].Others);
    }

    [Theory]
    [InlineData("\"ticks\"", "\"tocks\"", ": there is no list ticks")]
    [InlineData("[1700000000100000001, 2.5, 2.5, 0.25]", "", ":3: this is no JSON; export the labels again")]
    [InlineData(", [1700000000100000001, 2.5, 2.5, 0.25]", "", ": 2 ticks and 1 ego_poses: they must be as many, and at least two")]
    [InlineData("[1700000000100000001, 2.5", "[1700000000100000002, 2.5", ": ticks[1]: time_ns must be that of ego_poses[1], and later than the tick before")]
    [InlineData("0.5, 3.75", "0.5, \"long\"", ": ticks[0].boxes[0]: entry 5 must be a number, in metres or radians")]
    [InlineData("4.5, -4.25", "4e9, -4.25", ": ticks[0].boxes[0]: entry 2 must be a number, in metres or radians")]
    [InlineData("3.75, 1.75]", "3.75]", ": ticks[0].boxes[0] must have 7 entries")]
    [InlineData("\"time_ns\": 1700000000000000001", "\"time_ns\": 1.5", ": ticks[0].time_ns must be a whole number of nanoseconds")]
    [InlineData("2.5, 2.5, 0.25]", "2.5, 0.25]", ": ego_poses[1] must have 4 entries")]
    [InlineData("\"boxes\": []", "\"boxes\": 3", ": ticks[1]: there is no list boxes")]
    public void Load_Fault_IsOneLineThatSaysWhere(string from, string to, string expected)
    {
        var path = _folder.Write("labels.json", Sound.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal(path + expected, Assert.Single(Assert.Throws<UnusableInputException>(() => DriveLabels.Load(path)).Problems));
    }

    [Fact]
    public void Load_NoFile_SaysSo() =>
        Assert.Contains("cannot be read", Assert.Throws<UnusableInputException>(() => DriveLabels.Load(_folder.At("nothing.json"))).Message, StringComparison.Ordinal);
}
