using Forecast.Adapters.Drives;
using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.Mcap;
using Forecast.Replay.Recording;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Replay.Recording;

/// <summary>A run that was recorded: what is in its files, what a replay of them says, and what is missing when there was no room.</summary>
public sealed class RecordingTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AsRecorded_OfARunUnderLoad_MakesTheSameDecisionsAndSaysTheSame(int seed)
    {
        var recorded = RecordedRun.Make(_folder.Path, seed);
        var recording = RecordingReader.Open(recorded.Folder);
        var (result, digest, ledger) = Replay(recording, recorded.Session);

        Assert.Null(result.Difference);
        Assert.Null(result.Gap);
        Assert.Equal((0UL, 0UL), (recording.Missing, recording.Dropped));
        Assert.Equal(recorded.Digest, digest);
        Assert.Equal(recorded.Ledger.SetDrops, ledger.SetDrops);
        Assert.True(recorded.Ledger.SetDrops.Sum() > 0, "the run was to be under load");
        Assert.Equal(recorded.Ledger.Published, result.Forecasts);
    }

    [Fact]
    public void AsRecorded_AnotherBudget_NamesTheFirstDecisionThatIsAnother()
    {
        var recorded = RecordedRun.Make(_folder.Path, 1);
        var (result, _, _) = Replay(RecordingReader.Open(recorded.Folder), recorded.Session with { Budget = TimeSpan.FromMilliseconds(60) });
        Assert.Contains("recorded", result.Difference);
    }

    [Fact]
    public void Recording_ItsSession_IsReadBackAsItWas()
    {
        var recorded = RecordedRun.Make(_folder.Path, 1);
        var session = RecordingReader.Open(recorded.Folder).Session;

        Assert.Equal(SessionJson.Write(recorded.Session), SessionJson.Write(session));
        Assert.Equal(RigJson.Write(recorded.Session.Rig), RigJson.Write(session.Rig));
        Assert.Equal(RigFingerprint.Of(recorded.Session.Rig), RigFingerprint.Of(session.Rig));
    }

    [Fact]
    public void Recording_SplitByTime_IsOneRunInSeveralFilesEachCompleteByItself()
    {
        var recorded = RecordedRun.Make(_folder.Path, 1, new RecordingOptions { Folder = "", SplitTime = TimeSpan.FromSeconds(2) });
        var whole = RecordingReader.Open(recorded.Folder);

        Assert.InRange(whole.Files.Count, 3, 4);
        Assert.All(whole.Files, file => Assert.Equal("run", RecordingReader.Open(file).Session.Name));
        Assert.Equal(recorded.Digest, Replay(whole, recorded.Session).Digest);
    }

    [Fact]
    public void Recording_ItsMessages_AreWhatTheReferenceImplementationReads()
    {
        var recorded = RecordedRun.Make(_folder.Path, 1);
        var counts = new Dictionary<string, int>();
        using var file = McapFile.Open(RecordingReader.Open(recorded.Folder).Files[0]);
        using var cursor = file.ReadMessages();
        while (cursor.Read())
        {
            var schema = file.Schemas[cursor.Channel.SchemaId].Name;
            counts[schema] = counts.GetValueOrDefault(schema) + 1;
            Check(schema, cursor.Message.Data.ToArray(), recorded.Session.Rig);
        }

        Assert.Equal(0, file.Problems.Count);
        var forecasts = (int)recorded.Ledger.Published;
        Assert.Equal((forecasts, forecasts, forecasts), (counts["forecast.v1.Risk"], counts["foxglove.Grid"], counts["foxglove.SceneUpdate"]));
        Assert.Equal(counts["forecast.recording.v1.ModelInput"], counts["foxglove.CompressedImage"]);
        Assert.Equal((RecordedRun.Cameras, 1), (counts["foxglove.CameraCalibration"], counts["foxglove.FrameTransforms"]));
    }

    [McapPeerTheory]
    [InlineData(McapCompression.Zstd)]
    [InlineData(McapCompression.Lz4)]
    public void Recording_ReadByThePeer_HasEveryMessageAndNoProblem(McapCompression compression)
    {
        var recorded = RecordedRun.Make(_folder.Path, 2, new RecordingOptions { Folder = "", Compression = compression });
        var path = RecordingReader.Open(recorded.Folder).Files[0];
        using var file = McapFile.Open(path);
        Assert.Contains(McapPeer.Run("read", path), line => line.Contains($"Message {file.Statistics!.MessageCount},", StringComparison.Ordinal));
    }

    [Fact]
    public void Recorder_NoRoomInMemory_DropsAndCountsAndSaysWhereTheGapIs()
    {
        var rig = TestRig.Of(1);
        var clock = new RigClock(new TestTimeProvider());
        var session = RecordedRun.SessionOf(rig, null) with { WidthPx = 128, HeightPx = 64 };
        var pool = new FramePool(1, session.WidthPx * session.HeightPx * 3);
        Assert.True(pool.TryRent(out var lease));
        string folder;
        long dropped;
        using (var recorder = new Recorder(new RecordingOptions { Folder = _folder.Path, MemoryBytes = 256 << 10 }, session, clock))
        {
            for (var i = 0; i < 500; i++)
            {
                recorder.Arrived(new Frame(new FrameId(0, i), JourneyRig.At(i), JourneyRig.At(i), default, lease)); // far faster than any disk is asked
            }

            recorder.Dispose();
            (folder, dropped) = (recorder.Folder, recorder.Dropped);
        }

        var recording = RecordingReader.Open(folder);
        Assert.InRange(dropped, 1, 495);
        Assert.Equal((ulong)dropped, recording.Dropped);
        Assert.Equal(500 - dropped, recording.AsDrive().Cameras[0].Frames.Count);
    }

    [Fact]
    public void Recorder_TwoRunsInASecond_HaveFoldersOfTheirOwn()
    {
        var folders = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            using var recorder = new Recorder(new RecordingOptions { Folder = _folder.Path }, RecordedRun.SessionOf(TestRig.Of(1), null), new RigClock(new TestTimeProvider()));
            folders.Add(recorder.Folder);
        }

        Assert.Equal(3, folders.Count);
    }

    [Fact]
    public void Open_AForeignFile_SaysInOneLineWhatIsMissing()
    {
        var path = _folder.At("foreign.mcap");
        File.WriteAllBytes(path, new McapSample(10).Write(McapCompression.None));
        var fault = Assert.Throws<UnusableInputException>(() => RecordingReader.Open(path));
        Assert.Contains($"{path}: no session.json", Assert.Single(fault.Problems));
    }

    [Fact]
    public void OpenCamera_ItsPictures_AreThoseThatWereRecordedBitForBit()
    {
        var recorded = RecordedRun.Make(_folder.Path, 1);
        var drive = RecordingReader.Open(recorded.Folder).AsDrive();
        using var source = drive.OpenCamera(1, RecordedRun.Width, RecordedRun.Height);
        var picture = new byte[RecordedRun.Width * RecordedRun.Height * 3];
        var frames = 0;
        while (source.Grab() is { Status: GrabStatus.Frame } grabbed)
        {
            Assert.Equal(drive.Cameras[1].Frames[frames++].CaptureTime, grabbed.CaptureTime);
            var content = source.Prepare(picture);
            Assert.Equal(picture.Length, picture.AsSpan().Count((byte)content.Fingerprint)); // as JourneyRig fills it
        }

        Assert.Equal(drive.Cameras[1].Frames.Count, frames);
        Assert.Throws<UnusableInputException>(() => drive.OpenCamera(1, 256, 128));
    }

    private static (AsRecordedResult Result, string Digest, LedgerCopy Ledger) Replay(RecordingReader recording, RecordedSession session)
    {
        var looks = LookBackCost.OfRecording();
        var rig = new JourneyRig(rig: session.Rig, budget: session.Budget, lookBack: looks, table: new CostTable(session.Rungs, session.Costs, frozen: false, session.PublishingCost));
        RecordedRun.React(rig);
        var moment = new RecordedMoment { Now = session.Start };
        var digest = new CanonicalDigest(rig.Manifest, session.Rig);
        using var sink = new Forecast.Replay.DigestSink(rig.Manifest, session.Rig);
        var metrics = new PipelineMetrics(session.Rig, rig.Manifest, session.Budget, rig.Parts.Ledger, "cpu", "test");
        var publisher = new ForecastPublisher([sink], new RigClock(moment), rig.Parts.Ledger, metrics);
        using var replay = new AsRecordedReplay(recording, rig.Parts, looks, publisher, moment, digest);
        return (replay.Run(CancellationToken.None), sink.Value, rig.Ledger);
    }

    private static void Check(string schema, byte[] message, Rig rig)
    {
        switch (schema)
        {
            case "foxglove.CompressedImage":
                var image = Foxglove.CompressedImage.Parser.ParseFrom(message);
                Assert.Equal(("jpeg", 0xFF, 0xD8), (image.Format, image.Data[0], image.Data[1]));
                Assert.Contains(rig.Cameras, camera => camera.Name == image.FrameId);
                break;
            case "foxglove.CameraCalibration":
                Assert.Equal((9, 12, (uint)RecordedRun.Width), (Foxglove.CameraCalibration.Parser.ParseFrom(message).K.Count, Foxglove.CameraCalibration.Parser.ParseFrom(message).P.Count, Foxglove.CameraCalibration.Parser.ParseFrom(message).Width));
                break;
            case "foxglove.FrameTransforms":
                Assert.Equal(rig.Cameras.Select(camera => camera.Name), Foxglove.FrameTransforms.Parser.ParseFrom(message).Transforms.Select(transform => transform.ChildFrameId));
                break;
            case "foxglove.Grid":
                var grid = Foxglove.Grid.Parser.ParseFrom(message);
                Assert.Equal((grid.RowStride, grid.ColumnCount), (grid.ColumnCount, grid.RowStride));
                Assert.Equal(0, grid.Data.Length % (int)grid.RowStride);
                Assert.Equal(1, grid.Pose.Orientation.W);
                break;
            case "foxglove.SceneUpdate":
                Assert.Equal(6, Assert.Single(Assert.Single(Foxglove.SceneUpdate.Parser.ParseFrom(message).Entities).Lines).Points.Count);
                break;
            case "forecast.v1.Risk":
                Assert.Equal("forecast.v1", Proto.Risk.Parser.ParseFrom(message).Envelope.Schema);
                break;
            case "forecast.recording.v1.ModelInput":
                Assert.Equal(RecordedRun.Width * RecordedRun.Height * 3, Forecast.Recording.V1.ModelInput.Parser.ParseFrom(message).Bgr.Length);
                break;
            default:
                break;
        }
    }
}
