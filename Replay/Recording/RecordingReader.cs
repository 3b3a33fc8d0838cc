using System.Text;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Recording;

/// <summary>What became of a forecast in the recorded run.</summary>
/// <param name="Late">It was handed over after its deadline.</param>
/// <param name="Digest">Of this forecast and all before, 32 bytes.</param>
public readonly record struct RecordedForecast(bool Late, byte[] Digest);

/// <summary>
/// A recording of <see cref="Recorder"/>: one of its files, or the folder of all of them, in order. Opening reads through it once: when every frame came, the
/// vehicle's motion, what was published, and what is missing. Files are only read.
/// </summary>
public sealed class RecordingReader
{
    internal const string SessionName = "session.json";
    internal const string RigName = "rig.json";
    private const int LongestList = 4096;

    private readonly IReadOnlyList<string> _files;
    private readonly List<FrameMoment>[] _frames;
    private readonly List<EgoSample> _ego = [];
    private readonly List<PlanSample> _plans = [];
    private readonly Dictionary<long, RecordedForecast> _published = [];
    private readonly List<string> _problems = [];
    private ulong? _order;

    private RecordingReader(string path, IReadOnlyList<string> files, RecordedSession session)
    {
        (Path, _files, Session) = (path, files, session);
        _frames = [.. session.Rig.Cameras.Select(_ => new List<FrameMoment>())];
    }

    public string Path { get; }

    public IReadOnlyList<string> Files => _files;

    public RecordedSession Session { get; }

    /// <summary>In the order of arrival.</summary>
    public IReadOnlyList<EgoSample> Ego => _ego;

    /// <summary>In the order of arrival.</summary>
    public IReadOnlyList<PlanSample> Plans => _plans;

    /// <summary>By tick.</summary>
    public IReadOnlyDictionary<long, RecordedForecast> Published => _published;

    /// <summary>Messages that the recorder had no room for, as it said.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Calls of the journey and frames that are missing within the recording.</summary>
    public ulong Missing { get; private set; }

    /// <summary>What is damaged, a line each, with its file and byte.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Whether a path looks like a recording: an .mcap file, or a folder with such files in it.</summary>
    public static bool IsRecording(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.mcap").Any() : File.Exists(path) && path.EndsWith(".mcap", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="UnusableInputException">It is no recording of ours, of another schema, or of several runs; or nothing of it can be read.</exception>
    public static RecordingReader Open(string path)
    {
        var files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.mcap").Order(StringComparer.Ordinal)] : new List<string> { path };
        RecordedSession? session = null;
        var readable = new List<string>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                using var mcap = McapFile.Open(file);
                if (SessionOf(mcap, file) is not { } found)
                {
                    problems.Add($"{file}: no {SessionName} in it: it was cut before that was written, or it is no recording of this program");
                    continue;
                }

                session ??= found;
                if (found.Session != session.Session)
                {
                    throw new UnusableInputException($"{path}: recordings of several runs are in it; give the folder of one run, or one file");
                }

                readable.Add(file);
            }
            catch (McapFormatException foreign)
            {
                problems.Add(foreign.Message);
            }
        }

        if (session is null)
        {
            throw new UnusableInputException(problems.Count > 0 ? problems : [$"{path}: no .mcap file in it"]);
        }

        var reader = new RecordingReader(path, readable, session);
        reader._problems.AddRange(problems);
        reader.ReadThrough();
        return reader;
    }

    /// <summary>The recording as a drive: its pictures are the prepared ones, bit for bit.</summary>
    /// <exception cref="UnusableInputException">A camera has no frame.</exception>
    public RecordedDrive AsDrive()
    {
        var cameras = new List<RecordedCamera>();
        for (var i = 0; i < _frames.Length; i++)
        {
            var camera = i;
            var calibration = Session.Rig.Cameras[i];
            if (_frames[i].Count == 0)
            {
                throw new UnusableInputException($"{Path}: no frame of camera {calibration.Name} is in it");
            }

            cameras.Add(RecordedCamera.OfPrepared(calibration, _frames[i], Path, (width, height) => new RecordedInputSource(this, camera, width, height)));
        }

        return new RecordedDrive
        {
            Name = Session.Name,
            Path = Path,
            Format = DriveFormat.Recording,
            Rig = Session.Rig,
            Domain = Session.Domain ?? "real",
            Cameras = cameras,
            Ego = _ego,
            Plans = _plans,
            Assumptions = Dropped > 0 ? [$"the recorder had no room for {Dropped} messages: what they held is missing"] : [],
        };
    }

    /// <summary>Messages of these topics, file by file, in the order in which they were told.</summary>
    internal IEnumerable<(string Topic, McapCursor At)> Messages(IReadOnlySet<string> topics)
    {
        foreach (var file in _files)
        {
            using var mcap = McapFile.Open(file);
            using var cursor = mcap.ReadMessages(new McapQuery { Topics = topics });
            while (cursor.Read())
            {
                yield return (cursor.Channel.Topic, cursor);
            }

            foreach (var problem in mcap.Problems.First)
            {
                AddProblem($"{file}: {problem}");
            }
        }
    }

    internal string InputTopic(int camera) => RecordingStreams.InputTopic + Session.Rig.Cameras[camera].Name;

    private static RecordedSession? SessionOf(McapFile mcap, string file)
    {
        var session = mcap.Attachments.FirstOrDefault(attachment => attachment.Name == SessionName);
        var rig = mcap.Attachments.FirstOrDefault(attachment => attachment.Name == RigName);
        if (session is null || rig is null || mcap.Read(session) is not { } sessionJson || mcap.Read(rig) is not { } rigJson)
        {
            return null;
        }

        return SessionJson.Read(sessionJson.Data, RigFile.Parse(Encoding.UTF8.GetString(rigJson.Data.Span), $"{file}: {RigName}"), file);
    }

    private void AddProblem(string problem)
    {
        if (!_problems.Contains(problem))
        {
            _problems.Add(problem);
        }
    }

    private void ReadThrough()
    {
        var topics = RecordingStreams.Of(Session.Rig);
        var wanted = new Dictionary<string, int>();
        foreach (var stream in new[] { RecordingStreams.Calls, RecordingStreams.Ego, RecordingStreams.Plan, RecordingStreams.Published, RecordingStreams.Dropped })
        {
            wanted.Add(topics[stream].Topic, stream);
        }

        for (var camera = 0; camera < _frames.Length; camera++)
        {
            wanted.Add(InputTopic(camera), RecordingStreams.Input(camera));
        }

        foreach (var (topic, at) in Messages(wanted.Keys.ToHashSet()))
        {
            Take(wanted[topic], at.Message.Data);
        }
    }

    private void Take(int stream, ReadOnlySpan<byte> message)
    {
        switch (stream)
        {
            case RecordingStreams.Calls when RecordedCall.Read(message) is { } call:
                Count(call.Order);
                break;
            case RecordingStreams.Ego:
                _ego.Add(ReadEgo(message));
                break;
            case RecordingStreams.Plan:
                _plans.Add(ReadPlan(message));
                break;
            case RecordingStreams.Published:
                ReadPublished(message);
                break;
            case RecordingStreams.Dropped:
                var dropped = new ProtoReader(message);
                Dropped = dropped.Next() ? dropped.Value : Dropped;
                break;
            default:
                if (RecordingStreams.CameraOf(stream) is >= 0 and var camera && RecordedInput.TryRead(message, out var input))
                {
                    Count(input.Order);
                    _frames[camera].Add(new FrameMoment(input.CaptureTime, input.ArrivalTime));
                }

                break;
        }
    }

    private void Count(ulong order)
    {
        var expected = _order is { } last ? last + 1 : 0;
        Missing += order > expected ? order - expected : 0;
        _order = order;
    }

    private static EgoSample ReadEgo(ReadOnlySpan<byte> message)
    {
        var (capture, arrival) = (0L, 0L);
        float speed = 0, yawRate = 0, acceleration = 0;
        var fields = new ProtoReader(message);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1: capture = fields.Int64; break;
                case 2: arrival = fields.Int64; break;
                case 3: speed = fields.Single; break;
                case 4: yawRate = fields.Single; break;
                case 5: acceleration = fields.Single; break;
                default: break;
            }
        }

        return new EgoSample(new Timestamp(capture), new Timestamp(arrival), speed, yawRate, acceleration);
    }

    private static PlanSample ReadPlan(ReadOnlySpan<byte> message)
    {
        var (capture, arrival) = (0L, 0L);
        float[] accelerations = [], curvatures = [];
        var fields = new ProtoReader(message);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1: capture = fields.Int64; break;
                case 2: arrival = fields.Int64; break;
                case 3: accelerations = Singles(fields.Content); break;
                case 4: curvatures = Singles(fields.Content); break;
                default: break;
            }
        }

        return new PlanSample(new Timestamp(capture), new Timestamp(arrival), accelerations, curvatures);
    }

    private static float[] Singles(ReadOnlySpan<byte> packed)
    {
        var values = new float[Math.Min(packed.Length / 4, LongestList)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = System.Buffers.Binary.BinaryPrimitives.ReadSingleLittleEndian(packed[(i * 4)..]);
        }

        return values;
    }

    private void ReadPublished(ReadOnlySpan<byte> message)
    {
        var (tick, late, digest) = (0L, false, Array.Empty<byte>());
        var fields = new ProtoReader(message);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1: tick = fields.Int64; break;
                case 3: late = fields.Value != 0; break;
                case 4: digest = fields.Content.ToArray(); break;
                default: break;
            }
        }

        _published[tick] = new RecordedForecast(late, digest);
    }
}
