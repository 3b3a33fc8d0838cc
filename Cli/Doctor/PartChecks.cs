using System.Text.Json;
using Forecast.Adapters.Compression;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.OpenCv;
using Forecast.Adapters.Sodium;
using Forecast.Adapters.Sqlite;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Doctor;

/// <summary>The parts that Forecast is made of: libraries, the model, the broker, the samples.</summary>
internal static class PartChecks
{
    public const string SetUp = "eng/setup.sh";

    private static readonly string[] NpmPackages = ["com.github.asus4.onnxruntime", "onnxruntime-node"];

    public static IEnumerable<Check> For(Settings settings, CommandHost host) =>
    [
        new("opencv", OpenCv),
        new("onnx runtime", OnnxRuntime),
        new("npm packages", () => Npm(host.InstallationRoot)),
        new("model", () => Model(settings)),
        new("mqtt client", MqttClient),
        new("mosquitto", Mosquitto),
        new("sqlite", Sqlite),
        new("compression", Compression),
        new("sodium", Sodium),
        new("samples", () => Samples(host)),
    ];

    private static Finding OpenCv() => OpenCvPresence.Version(out var problem) is { } version
        ? Finding.Ok("opencv", $"OpenCV {version} and its shim")
        : Finding.Missing("opencv", problem, $"{SetUp}, then build again");

    private static Finding Sqlite() => SqlitePresence.Version() is { } version
        ? Finding.Ok("sqlite", $"SQLite {version}, for the episodic memory")
        : Finding.Advice("sqlite", "libsqlite3.so.0 is not installed; there can be no episodic memory", SetUp);

    private static Finding Compression() => (CompressionPresence.Zstd(), CompressionPresence.Lz4()) is ({ } zstd, { } lz4)
        ? Finding.Ok("compression", $"libzstd {zstd} and liblz4 {lz4}, for MCAP files")
        : Finding.Advice("compression", "libzstd.so.1 or liblz4.so.1 is not installed; compressed MCAP files cannot be read", SetUp);

    private static Finding Sodium() => SodiumPresence.Version() is { } version
        ? Finding.Ok("sodium", $"libsodium {version}, for signatures")
        : Finding.Advice("sodium", "libsodium.so.23 is not installed; signatures of model and configuration cannot be checked", SetUp);

    private static Finding OnnxRuntime() => OnnxRuntimePresence.Describe(out var problem) is { } found
        ? Finding.Ok("onnx runtime", found)
        : Finding.Missing("onnx runtime", problem, $"{SetUp}, then build again");

    /// <summary>Building needs them; what is built needs them no more.</summary>
    private static Finding Npm(string root)
    {
        var modules = Path.Combine(root, "eng", "npm", "node_modules");
        var found = NpmPackages.Select(name => $"{name} {PackageVersion(Path.Combine(modules, name, "package.json")) ?? "missing"}").ToList();
        return found.Exists(package => package.EndsWith("missing", StringComparison.Ordinal))
            ? Finding.Advice("npm packages", string.Join(", ", found), $"{SetUp} (needed to build)")
            : Finding.Ok("npm packages", string.Join(", ", found));
    }

    private static string? PackageVersion(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return json.RootElement.GetProperty("version").GetString();
    }

    /// <summary>Loads the model as a run would: the whole folder checked, its graphs tried, the provider known.</summary>
    private static Finding Model(Settings settings)
    {
        const string Remedy = "git checkout -- models, or --model DIR";
        try
        {
            using var model = OnnxWorldModel.Load(settings.Model.Folder, settings.Model.ToOnnxOptions());
            var report = model.ProviderReport;
            var signed = settings.Model.SignedBy is { } key ? $", signed with {key.Id}" : "";
            return Finding.Ok("model", $"{model.Manifest.Name} {model.Manifest.Version}{signed} on {report.Live} ({report.Why})");
        }
        catch (ModelFolderException fault)
        {
            return Finding.Missing("model", $"{settings.Model.Folder}: {string.Join("; ", fault.Problems)}", Remedy);
        }
        catch (SignatureException fault)
        {
            return Finding.Missing("model", fault.Message, "sign it, or name the right key in model.key");
        }
        catch (ProviderUnavailableException fault)
        {
            return Finding.Missing("model", fault.Message, "--set model.provider=auto");
        }
    }

    private static Finding MqttClient() => MqttPresence.ClientVersion() is { } version
        ? Finding.Ok("mqtt client", $"libmosquitto {version}")
        : Finding.Missing("mqtt client", "libmosquitto.so.1 is not installed", $"{SetUp}, or apt-get install libmosquitto1");

    /// <summary>Starts the embedded broker and ends it: that it is installed does not say that it may run.</summary>
    private static Finding Mosquitto()
    {
        try
        {
            using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
            return Finding.Ok("mosquitto", "the embedded broker starts and listens on loopback");
        }
        catch (EmbeddedBrokerException fault)
        {
            return Finding.Missing("mosquitto", fault.Message, $"{SetUp}, or apt-get install mosquitto");
        }
    }

    private static Finding Samples(CommandHost host)
    {
        var names = SampleDrives.Names(host);
        var problems = new List<string>();
        foreach (var name in names)
        {
            try
            {
                DriveLibrary.Open(SampleDrives.Find(name, host)!);
            }
            catch (UnusableInputException fault)
            {
                problems.AddRange(fault.Problems);
            }
        }

        return problems.Count == 0 && names.Contains(DemoCommand.StandardDrive)
            ? Finding.Ok("samples", string.Join(", ", names))
            : Finding.Missing("samples", problems.Count > 0 ? string.Join("; ", problems) : $"no data-samples/{DemoCommand.StandardDrive}", "git checkout -- data-samples");
    }
}
