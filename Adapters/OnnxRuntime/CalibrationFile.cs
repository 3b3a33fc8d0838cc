using System.Security.Cryptography;
using System.Text.Json;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Inference;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>A rig's calibration on disk (<c>forecast.calibration/1</c>), which speaks the manifest's language.</summary>
public static class CalibrationFile
{
    public const string Schema = "forecast.calibration/1";

    private const int LargestBytes = 4 << 20;

    /// <exception cref="CalibrationFileException">It cannot be read, has faults, which are all named, or was made for another model.</exception>
    /// <exception cref="SignatureException">It must be signed and is not.</exception>
    public static RigCalibration Load(string path, ModelManifest manifest, MinisignKey? signedBy = null)
    {
        var bytes = ReadBytes(path);
        signedBy?.Demand(path, bytes);
        JsonDocument document;
        try
        {
            document = JsonText.Parse(bytes);
        }
        catch (JsonException)
        {
            throw new CalibrationFileException([$"{path}: this is no JSON, or is cut off; run forecast calibrate again"]);
        }

        return Read(document, bytes, path, manifest);
    }

    private static RigCalibration Read(JsonDocument document, byte[] bytes, string path, ModelManifest manifest)
    {
        using (document)
        {
            var problems = new List<string>();
            var root = JsonField.Root(document.RootElement, problems, path);
            root.Required("schema").Exactly(Schema);
            var model = root.Required("model");
            var sha256 = model.Required("sha256").Text();
            var name = $"{model.Required("name").Text()} {model.Required("version").Text()}";
            if (problems.Count == 0 && sha256 != manifest.Sha256)
            {
                throw new CalibrationFileException(
                    [$"{path}: was made for the model {name} ({Short(sha256)}), and this one is {manifest.Name} {manifest.Version} ({Short(manifest.Sha256)}); run forecast calibrate with this model"]);
            }

            var calibration = Read(root, sha256, manifest) with { Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
            return problems.Count == 0 ? calibration : throw new CalibrationFileException(problems);
        }
    }

    /// <summary>Writes the file whole or not at all, and none that <see cref="Load"/> would refuse.</summary>
    /// <param name="drives">What it was made from, for people.</param>
    /// <exception cref="CalibrationFileException">What was fitted is out of the ranges of such a file: nothing is written.</exception>
    /// <exception cref="IOException">The disk is full or gone; what was there before is still there.</exception>
    public static void Write(string path, RigCalibration calibration, ModelManifest manifest, IReadOnlyList<string> drives, TimeSpan driven)
    {
        var bytes = Encode(path, calibration, manifest, drives, driven);
        _ = Read(JsonText.Parse(bytes), bytes, path, manifest with { Sha256 = calibration.ModelSha256 });
        var temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static byte[] Encode(string path, RigCalibration calibration, ModelManifest manifest, IReadOnlyList<string> drives, TimeSpan driven)
    {
        using var bytes = new MemoryStream();
        try
        {
            using var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true });
            Write(json, calibration, manifest, drives, driven);
        }
        catch (ArgumentException notFinite)
        {
            throw new CalibrationFileException([$"{path}: was not written, since a figure is not finite ({notFinite.Message.TrimEnd('.')}); leave out the drive that gives it"]);
        }

        return bytes.ToArray();
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return WholeFile.Read(path, LargestBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CalibrationFileException([$"{path}: cannot be read ({e.Message.TrimEnd('.')}); check the path and its rights"]);
        }
    }

    private static RigCalibration Read(JsonField root, string modelSha256, ModelManifest manifest)
    {
        var rig = root.Required("rig");
        var ego = root.Required("ego");
        var egoText = ego.Text();
        if (egoText is not ("measured" or "estimated"))
        {
            ego.Report("must be measured or estimated");
        }

        var alpha = root.Required("alpha").Positive(1);
        var drives = root.Required("drives").Required("count").Whole(1, int.MaxValue);
        var sets = root.Required("calibration");
        var risk = sets.Optional("risk");
        var bound = sets.Optional("upper_bound");
        if (risk is null != bound is null)
        {
            sets.Report("must have risk and upper_bound, or neither");
        }

        var rigSha256 = rig.Required("sha256");
        var fingerprint = rigSha256.Text();
        if (rigSha256.Exists && (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigitLower)))
        {
            rigSha256.Report("must be 64 hexadecimal digits");
        }

        return new RigCalibration(modelSha256, fingerprint, rig.Required("name").Text(), root.Required("domain").Text(), egoText == "estimated", alpha, drives)
        {
            Risk = risk is null ? null : ManifestCalibration.ReadScaling(risk, manifest.HorizonsS),
            UpperBound = bound is null ? null : ManifestCalibration.ReadUpperBound(bound, manifest.HorizonsS),
            Surprise = sets.Optional("surprise") is { } surprise ? SurpriseJson.Read(surprise, manifest.HorizonsS, manifest.Shapes.Observed[1] * manifest.Shapes.Observed[2], manifest.Shapes.Observed[0]) : null,
        };
    }

    private static void Write(Utf8JsonWriter json, RigCalibration calibration, ModelManifest manifest, IReadOnlyList<string> drives, TimeSpan driven)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("domain", calibration.Domain);
        json.WriteStartObject("rig");
        json.WriteString("name", calibration.RigName);
        json.WriteString("sha256", calibration.RigSha256);
        json.WriteEndObject();
        json.WriteStartObject("model");
        json.WriteString("name", manifest.Name);
        json.WriteString("version", manifest.Version);
        json.WriteString("sha256", calibration.ModelSha256);
        json.WriteEndObject();
        json.WriteString("ego", calibration.EgoEstimated ? "estimated" : "measured");
        json.WriteNumber("alpha", calibration.Alpha);
        json.WriteStartObject("drives");
        json.WriteNumber("count", calibration.Drives);
        json.WriteNumber("seconds", Math.Round(driven.TotalSeconds, 3));
        json.WriteStartArray("names");
        foreach (var drive in drives)
        {
            json.WriteStringValue(drive);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("calibration");
        WriteRisk(json, calibration.Risk);
        WriteBound(json, calibration.UpperBound, manifest.HorizonsS);
        if (calibration.Surprise is { } surprise)
        {
            SurpriseJson.Write(json, surprise);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRisk(Utf8JsonWriter json, IReadOnlyList<LogitScaling>? risk)
    {
        if (risk is null)
        {
            return;
        }

        json.WriteStartArray("risk");
        foreach (var scaling in risk)
        {
            json.WriteStartObject();
            json.WriteNumber("horizon_s", scaling.HorizonS);
            json.WriteNumber("scale", scaling.Scale);
            json.WriteNumber("bias", scaling.Bias);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteBound(Utf8JsonWriter json, UpperBoundTable? bound, IReadOnlyList<double> horizons)
    {
        if (bound is null)
        {
            return;
        }

        json.WriteStartObject("upper_bound");
        json.WriteString("method", bound.Method);
        json.WriteNumber("alpha", bound.Alpha);
        json.WriteNumber("n", bound.SampleCount);
        json.WriteStartArray("per_horizon");
        for (var k = 0; k < horizons.Count; k++)
        {
            json.WriteStartObject();
            json.WriteNumber("horizon_s", horizons[k]);
            WriteNumbers(json, "edges", bound.Edges[k]);
            WriteNumbers(json, "bounds", bound.Bounds[k]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static string Short(string sha256) => sha256.Length > 12 ? $"{sha256[..12]}…" : sha256;
}

/// <summary>A calibration file cannot be used. Each problem is one line: what, where, and what to do.</summary>
public sealed class CalibrationFileException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
