using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Sodium;

namespace Forecast.Cli.Configuration;

/// <summary>Where settings may come from; relative paths of the environment and the command line are taken from the current folder.</summary>
internal sealed record SettingsInput(
    string? ConfigFile,
    IReadOnlyList<SettingOverride> Overrides,
    IReadOnlyDictionary<string, string> Environment,
    string CurrentFolder,
    string InstallationRoot);

/// <summary>
/// Makes <see cref="Settings"/>: defaults, then the file, then the environment (FORECAST_…), then the command line, each stronger than
/// the one before.
/// </summary>
internal static class SettingsLoader
{
    private const int MostCameras = 16;

    /// <exception cref="ConfigurationException">With every error there is, each in a line with its place.</exception>
    /// <exception cref="SignatureException">The file must be signed and is not: nothing of it was read.</exception>
    public static Settings Load(SettingsInput input)
    {
        var signedBy = SignatureReading.ConfigurationKey(input);
        var errors = new List<ConfigurationError>();
        var layers = new SettingLayers(errors);
        if (input.ConfigFile is not null)
        {
            layers.AddFile(input.ConfigFile, input.CurrentFolder, signedBy);
        }

        layers.AddEnvironment(input.Environment, input.CurrentFolder);
        layers.AddOverrides(input.Overrides, input.CurrentFolder);
        var read = new SettingReader(layers.Values, errors);
        var settings = Read(read, layers.Values, input, signedBy);
        if (errors.Count > 0)
        {
            throw new ConfigurationException([.. errors
                .OrderBy(error => error.Origin.Kind).ThenBy(error => error.Origin.Line).ThenBy(error => error.Origin.Column)
                .Select(error => error.ToString())]);
        }

        return settings with { Values = read.Read, Sha256 = Fingerprint(read.Read), Warnings = read.Warnings };
    }

    private static Settings Read(SettingReader read, IReadOnlyDictionary<string, RawValue> values, SettingsInput input, MinisignKey? signedBy)
    {
        var standard = new Settings();
        var vehicle = read.Name("vehicle", standard.Vehicle);
        var source = read.Choice("source", 0, "auto", "live", "recorded");
        var rig = SignatureReading.SignedFile(read, "rig", signedBy);
        var cameras = ReadCameras(read, values);
        var recording = cameras.FirstOrDefault(camera => !camera.Source.IsLive);
        if (source == 1 && recording is not null)
        {
            read.Fault("source", $"camera {recording.Name} plays a recording, which must not be published as live; allowed: auto, recorded");
        }

        var settings = new Settings
        {
            Vehicle = vehicle,
            Recorded = source == 2 || recording is not null,
            RigFile = rig,
            Cameras = cameras,
            Budget = read.Number("budget_ms", 5, 2000) is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            Manoeuvres = read.Choice("manoeuvres", 0, "16", "8", "1") switch { 1 => 8, 2 => 1, _ => standard.Manoeuvres },
            Model = ReadModel(read, input.InstallationRoot, signedBy),
            Broker = BrokerReading.From(read),
            Metrics = new MetricsSettings
            {
                Port = read.Whole("metrics.port", standard.Metrics.Port, 0, 65535),
                Address = read.Address("metrics.address", standard.Metrics.Address),
            },
            DashboardPort = read.Whole("dashboard.port", standard.DashboardPort, 0, 65535),
            Ego = new EgoSettings { FromMqtt = read.Choice("ego.from", 0, "mqtt", "none") == 0 },
            Memory = ReadMemory(read, standard.Memory),
            Outbox = OutboxReading.From(read, vehicle, input.Environment),
            SignedBy = signedBy,
            SummaryFile = read.FilePath("summary"),
        };
        SignatureReading.NoteConfigurationKey(read);
        return settings;
    }

    private static List<CameraSettings> ReadCameras(SettingReader read, IReadOnlyDictionary<string, RawValue> values)
    {
        var cameras = new List<CameraSettings>();
        var places = values.Keys.Where(path => path.StartsWith("cameras[", StringComparison.Ordinal) && path.EndsWith(']')).ToHashSet();
        for (var i = 0; places.Remove($"cameras[{i}]"); i++)
        {
            var place = $"cameras[{i}]";
            foreach (var part in SettingsSchema.Below(place))
            {
                if (!read.IsGiven($"{place}.{part}"))
                {
                    read.Fault(place, $"a camera needs a {part}; allowed: {SettingsSchema.Find($"{place}.{part}")!.Allowed}");
                }
            }

            var name = read.Name($"{place}.name", place);
            var source = read.Camera($"{place}.source");
            if (cameras.Exists(other => other.Name == name))
            {
                read.Fault($"{place}.name", $"{name} is the name of another camera");
            }
            else if (source is not null)
            {
                cameras.Add(new CameraSettings(name, source));
            }

            if (i == MostCameras)
            {
                read.Fault(place, $"at most {MostCameras} cameras");
            }
        }

        foreach (var place in places)
        {
            read.Fault(place, "the cameras before it are missing: count from 0");
        }

        return cameras;
    }

    private static ModelSettings ReadModel(SettingReader read, string root, MinisignKey? signedBy)
    {
        var folder = read.FilePath("model.dir");
        if (folder is not null && !File.Exists(Path.Combine(folder, "model.json")))
        {
            read.Fault("model.dir", $"there is no model.json in {folder}");
        }

        return new ModelSettings
        {
            Folder = folder ?? Path.Combine(root, "models", "nano"),
            CalibrationFile = SignatureReading.SignedFile(read, "model.calibration", signedBy),
            SignedBy = SignatureReading.Key(read, "model.key"),
            Provider = (ProviderWish)read.Choice("model.provider", 0, "auto", "cpu", "cuda"),
            Threads = read.Whole("model.threads", 0, 0, 64),
        };
    }

    private static MemorySettings ReadMemory(SettingReader read, MemorySettings standard)
    {
        var path = read.FilePath("memory.path");
        if (path is not null && !Directory.Exists(Path.GetDirectoryName(path)))
        {
            read.Fault("memory.path", $"there is no folder {Path.GetDirectoryName(path)}; make it with mkdir -p");
        }

        return new MemorySettings
        {
            Path = path,
            Rows = read.Whole("memory.rows", standard.Rows, 100, 100_000),
            Megabytes = read.Whole("memory.megabytes", standard.Megabytes, 1, 1000),
        };
    }

    /// <summary>SHA-256 of the canonical form: the settings in effect as one JSON object, in the schema's order, no white space.</summary>
    private static string Fingerprint(IReadOnlyList<SettingValue> values)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            foreach (var value in values)
            {
                if (SettingsSchema.Find(value.Path)!.Fingerprinted)
                {
                    json.WriteString(value.Path, value.Text);
                }
            }

            json.WriteEndObject();
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }
}
