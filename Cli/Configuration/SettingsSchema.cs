using System.Text.RegularExpressions;
using Forecast.Adapters.OpenCv;

namespace Forecast.Cli.Configuration;

/// <summary>One setting that can be written.</summary>
/// <param name="Path">Levels joined by dots; [] stands for a place in a list.</param>
/// <param name="Allowed">What may be written there, with its unit, for error messages.</param>
/// <param name="Fingerprinted">False where the value has no part in what is forecast, so that it does not change the configuration's SHA-256.</param>
internal sealed record SettingKey(string Path, string Allowed, bool Fingerprinted = true);

/// <summary>Every key of the configuration, in the order of its canonical form.</summary>
internal static partial class SettingsSchema
{
    public const string EnvironmentPrefix = "FORECAST_";

    private const string PemFile = "a PEM file";

    public static readonly IReadOnlyList<SettingKey> Keys =
    [
        new("vehicle", "1 to 64 letters, digits, - and _"),
        new("source", "auto, live, recorded"),
        new("rig", "a rig file"),
        new("cameras[].name", "1 to 64 letters, digits, - and _"),
        new("cameras[].source", CameraSource.Allowed),
        new("budget_ms", "5 to 2000 (milliseconds; left out: the model's tick period)"),
        new("manoeuvres", "16, 8, 1"),
        new("model.dir", "a folder with a model.json"),
        new("model.calibration", "a file that forecast calibrate wrote for this rig and model"),
        new("model.key", "a minisign public key that model.json must be signed with", Fingerprinted: false),
        new("model.provider", "auto, cpu, cuda"),
        new("model.threads", "0 to 64 (0: chosen from the cores)"),
        new("broker.url", "embedded, mqtt://HOST[:PORT], mqtts://HOST[:PORT]"),
        new("broker.protection", "certificate, tls, none (what is demanded of a broker beyond loopback)", Fingerprinted: false),
        new("broker.user", "text"),
        new("broker.password", "FORECAST_BROKER_PASSWORD in the environment only"),
        new("broker.password_file", "a file with the password in its first line"),
        new("broker.ca_file", PemFile),
        new("broker.cert_file", PemFile),
        new("broker.key_file", PemFile),
        new("broker.encoding", "json, protobuf"),
        new("metrics.port", "0 (off) to 65535", Fingerprinted: false),
        new("metrics.address", "an IP address of this machine", Fingerprinted: false),
        new("dashboard.port", "0 (off) to 65535 (on 127.0.0.1)", Fingerprinted: false),
        new("ego.from", "mqtt, none"),
        new("memory.path", "a file, made where there is none", Fingerprinted: false),
        new("memory.rows", "100 to 100000 scenes"),
        new("memory.megabytes", "1 to 1000 (of the file)"),
        new("outbox.path", "a file, made where there is none; none: events wait in memory only", Fingerprinted: false),
        new("outbox.bytes", "65536 to 67108864 (of the file)", Fingerprinted: false),
        new("summary", "a file in a folder that can be written to", Fingerprinted: false),
        new("config.key", "a minisign public key, on the command line or in the environment only", Fingerprinted: false),
    ];

    private static readonly Dictionary<string, SettingKey> ByPath = Keys.ToDictionary(key => key.Path);

    /// <summary>The key of a path such as "cameras[2].name"; null when there is none.</summary>
    public static SettingKey? Find(string path) => ByPath.GetValueOrDefault(Indices().Replace(path, "[]"));

    /// <summary>The names that may stand below a branch ("" is the top), in their order.</summary>
    public static IReadOnlyList<string> Below(string branch)
    {
        var prefix = branch.Length == 0 ? "" : Indices().Replace(branch, "[]") + ".";
        return [.. Keys.Where(key => key.Path.StartsWith(prefix, StringComparison.Ordinal)).Select(key => NameAfter(key.Path, prefix.Length)).Distinct()];
    }

    public static bool IsBranch(string path) => Below(path).Count > 0;

    public static bool IsList(string path) => Keys.Any(key => key.Path.StartsWith(path + "[]", StringComparison.Ordinal));

    /// <summary>"cameras[0].source" is FORECAST_CAMERAS_0_SOURCE.</summary>
    public static string EnvironmentName(string path) =>
        EnvironmentPrefix + path.Replace("[", "_", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('.', '_').ToUpperInvariant();

    /// <summary>The path that a variable of the environment sets; null when it is none of ours.</summary>
    public static string? PathOfVariable(string name)
    {
        var index = ListIndex().Match(name);
        var digits = index.Success ? index.Groups[1].Value : "";
        foreach (var key in Keys)
        {
            var path = key.Path.Replace("[]", $"[{digits}]", StringComparison.Ordinal);
            if ((digits.Length > 0 || !key.Path.Contains("[]", StringComparison.Ordinal)) && EnvironmentName(path) == name)
            {
                return path;
            }
        }

        return null;
    }

    private static string NameAfter(string path, int start)
    {
        var end = path.IndexOfAny(['.', '['], start);
        return end < 0 ? path[start..] : path[start..end];
    }

    [GeneratedRegex("\\[\\d+\\]")]
    private static partial Regex Indices();

    [GeneratedRegex("^FORECAST_[A-Z]+_(\\d{1,3})_")]
    private static partial Regex ListIndex();
}
