using System.Text;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.OpenCv;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Watch;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.EndToEnd;
using Forecast.Pipeline.Tests.Publishing;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Fuzzing;

/// <summary>Something that reads what others wrote.</summary>
/// <param name="Corpus">Good inputs to spoil.</param>
/// <param name="Tokens">Words that its text is made of.</param>
/// <param name="Read">Refuses with an exception of <see cref="FuzzTargets.IsRefusal"/>, or by what it answers; anything else that it throws is a finding.</param>
/// <param name="InATest">Inputs that the short run within the tests tries.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, IReadOnlyList<string> Tokens, int MostBytes, int InATest, Action<byte[]> Read);

internal static class FuzzTargets
{
    private const string Request =
        """{"schema":"forecast.v1","id":"q1","deadline_ms":80.5,"candidates":[{"accelerations_mps2":[1,-2.5,0,0,0],"curvatures_1pm":[0.01,0,0,0,0]},{"curvatures_1pm":[0,0,0,0,0],"accelerations_mps2":[-6,-6,-6,-6,-6]}]}""";

    private const string Ego = """{"capture_time_ns":"123456789012345678","speed_mps":12.5,"yaw_rate_radps":-0.1,"acceleration_mps2":1e-1}""";
    private const string Plan = """{"capture_time_ns":7,"accelerations_mps2":[1,-2.5,0,0,0],"curvatures_1pm":[0.01,0,0,0,0]}""";

    private static readonly JsonParser Lenient = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static IReadOnlyList<string> Names { get; } = ["configuration", "rig", "manifest", "request", "vehicle", "watch", "jpeg", "video"];

    /// <summary>What the command turns into a line and exit code 2.</summary>
    public static bool IsRefusal(Exception fault) => InputFaults.LinesOf(fault) is not null;

    /// <param name="folder">Where inputs that are files are written.</param>
    public static FuzzTarget Of(string name, string folder) => name switch
    {
        "configuration" => Configuration(folder),
        "rig" => new FuzzTarget(name, Files("rigs/*.yaml", "*/rig.json", "config/*.json"), ["distortion:", "&a ", "*a", "<<: ", "- ", "null", "extrinsics:", "|", "!!binary "], 1 << 16, 1500,
            input => RigFile.Parse(Encoding.UTF8.GetString(input), "fuzz.rig.json")),
        "manifest" => new FuzzTarget(name, [File.ReadAllBytes(Path.Combine(Needs.Folder(Needs.Model), "model.json"))], ["null", "[[", "{}", "\"calibration\":", "\"tensors\":", "\\ud800"], 1 << 18, 150,
            input => ManifestReader.Read(input, "", [])),
        "request" => new FuzzTarget(name, [Utf8(Request), Lenient.Parse<Proto.PlanRequest>(Request).ToByteArray()], ["\"candidates\":", "[", "null", "\\ud800", "1e999"], 1 << 13, 20_000, ReadRequest),
        "vehicle" => new FuzzTarget(
            name, [Utf8(Ego), Utf8(Plan), Lenient.Parse<Proto.Ego>(Ego).ToByteArray(), Lenient.Parse<Proto.IntendedPlan>(Plan).ToByteArray()], ["null", "[", "\"capture_time_ns\":"], 1 << 13, 20_000, ReadVehicle),
        "watch" => new FuzzTarget(name, Published(), ["null", "\"horizons\":", "\"envelope\":", "\\u001b[", "[["], 1 << 18, 2000, ReadPublished),
        "jpeg" => new FuzzTarget(name, Pictures(), [], 1 << 18, 500, ReadPicture),
        "video" => new FuzzTarget(name, [File.ReadAllBytes(Path.Combine(Needs.Folder(Needs.NearMiss), "front.mp4"))], ["moov", "trak", "stts", "stsz", "mdat", "avcC"], 1 << 20, 30, input => ReadVideo(input, folder)),
        _ => throw new ArgumentException($"no target {name}; known are {string.Join(", ", Names)}", nameof(name)),
    };

    private static FuzzTarget Configuration(string folder) => new(
        "configuration", Files("config/*.yaml"), ["&a ", "*a", "<<: *a\n", "cameras:\n", "- ", "\t", "!!int ", "budget_ms: ", "{", "mqtt://", "\u0000"], 1 << 16, 700,
        input =>
        {
            var file = Path.Combine(folder, "fuzz.yaml");
            File.WriteAllBytes(file, input);
            SettingsLoader.Load(new SettingsInput(file, [], new Dictionary<string, string>(), folder, folder));
        });

    private static void ReadRequest(byte[] input)
    {
        var values = new PlanRequestValues(steps: 5);
        _ = (VehicleJson.LooksLikeJson(input) ? PlanRequestJson.Read(input, values) : PlanRequestProtobuf.Read(input, values)) ?? values.Check();
    }

    private static void ReadVehicle(byte[] input)
    {
        var ego = default(EgoValues);
        var plan = new PlanValues();
        if (VehicleJson.LooksLikeJson(input))
        {
            _ = VehicleJson.ReadEgo(input, ref ego);
            _ = VehicleJson.ReadPlan(input, plan);
        }
        else
        {
            _ = VehicleProtobuf.ReadEgo(input, ref ego);
            _ = VehicleProtobuf.ReadPlan(input, plan);
        }
    }

    /// <summary>As `forecast watch` reads what is on a broker, whatever its content type says.</summary>
    private static void ReadPublished(byte[] input)
    {
        foreach (var (topic, isJson) in new[] { ("risk", true), ("status", true), ("risk", false) })
        {
            var board = new WatchBoard(TimeProvider.System);
            board.OnMessage($"forecast/v1/car/{topic}", input, isJson, retained: false);
            _ = board.Lines();
            _ = board.JsonLines();
        }
    }

    private static void ReadPicture(byte[] input)
    {
        var into = new byte[256 * 128 * 3];
        _ = PictureCodec.TryDecode(input, into, 256, 128, out _);
    }

    private static void ReadVideo(byte[] input, string folder)
    {
        const int Frames = 5;
        var file = Path.Combine(folder, "fuzz.mp4");
        File.WriteAllBytes(file, input);
        var drive = DriveLibrary.Open(file);
        using var camera = drive.OpenCamera(0, 128, 64);
        var picture = new byte[128 * 64 * 3];
        for (var i = 0; i < Frames && camera.Grab().Status == Pipeline.Capture.GrabStatus.Frame; i++)
        {
            camera.Prepare(picture);
        }
    }

    private static List<byte[]> Published()
    {
        var messages = new List<byte[]>();
        foreach (var encoding in new[] { MessageEncoding.Json, MessageEncoding.Protobuf })
        {
            using var encoder = new ForecastEncoder(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, encoding);
            var stamp = new MessageStamp(7, new Timestamp(1_000_000_000));
            messages.Add(encoder.Risk(ForecastSamples.Complete(), stamp).ToArray());
            messages.Add(encoder.Status(StatusState.Online, "connected", stamp).ToArray());
        }

        return messages;
    }

    private static List<byte[]> Pictures()
    {
        var pictures = new List<byte[]>();
        var random = new Random(1);
        foreach (var (width, height) in new[] { (256, 128), (16, 16) })
        {
            var bgr = new byte[width * height * 3];
            random.NextBytes(bgr);
            var jpeg = new byte[PictureCodec.JpegCapacity(width, height)];
            pictures.Add(jpeg[..PictureCodec.EncodeJpeg(bgr, width, height, 70, jpeg)]);
        }

        return pictures;
    }

    private static List<byte[]> Files(params string[] patterns)
    {
        var samples = Needs.InRepository("data-samples");
        return [.. patterns.SelectMany(pattern => Directory.EnumerateFiles(samples, Path.GetFileName(pattern), SearchOption.AllDirectories)
            .Where(file => pattern.StartsWith('*') || Path.GetDirectoryName(file)!.EndsWith(Path.GetDirectoryName(pattern)!, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)).Distinct().Select(File.ReadAllBytes)];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
