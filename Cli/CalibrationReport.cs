using System.Globalization;
using System.Text;
using System.Text.Json;
using Forecast.Cli.Terminal;
using Forecast.Pipeline.Inference;
using Forecast.Replay.Calibration;

namespace Forecast.Cli;

/// <summary>What `forecast calibrate` found out, for people or as JSON.</summary>
internal sealed class CalibrationReport(RigCalibration calibration, RigCalibrationFit fit, ModelManifest manifest, int drives, int labelled, TimeSpan driven)
{
    /// <param name="written">False where there was nothing to write.</param>
    public void Show(ConsoleOutput console, string file, bool written)
    {
        if (console.Json)
        {
            console.JsonResult(Json(written ? file : null));
        }

        var minutes = driven.TotalMinutes.ToString("0.0", CultureInfo.InvariantCulture);
        console.Line($"rig {calibration.RigName} under {manifest.Name} {manifest.Version}: {drives} drives, {labelled} of them labelled, {minutes} minutes, {(calibration.EgoEstimated ? "without" : "with")} an ego log");
        if (fit.Horizons.Count > 0)
        {
            console.Table(
                "risk of a collision, and its upper bound",
                ["horizon s", "scale", "bias", "drives", "collide", "error before", "after", "bound from", "to"],
                [.. fit.Horizons.Select(Row)]);
        }

        if (calibration.Surprise is { } surprise)
        {
            console.Line(FormattableString.Invariant($"surprise ({surprise.Statistic}): {surprise.M} of {surprise.N} looks at {surprise.Threshold:0.##} deviations or more; at most {surprise.FalseAlarmsPerHour:0.##} false alarms an hour in traffic like this"));
        }

        foreach (var missing in fit.Missing)
        {
            console.Line($"not calibrated: {missing}");
        }

        if (written)
        {
            console.Line(calibration.UpperBound is null
                ? $"{file}: surprise only"
                : $"{file}: the bound holds for \"{calibration.Domain}\", on roads as these drives saw them: drives picked for their danger, or for their calm, make it wrong");
        }
        else
        {
            console.Error("nothing could be calibrated from these drives: no file was written");
        }
    }

    private static IReadOnlyList<string> Row(HorizonFit horizon) =>
    [
        Text(horizon.HorizonS, "0.###"), horizon.Fitted ? Text(horizon.Scaling.Scale, "0.000") : "own", horizon.Fitted ? Text(horizon.Scaling.Bias, "0.000") : "own",
        Text(horizon.Drives, "0"), Text(horizon.Collisions, "0"), Text(horizon.ErrorBefore, "0.0000"), Text(horizon.ErrorAfter, "0.0000"),
        Text(horizon.LeastBound, "0.0000"), Text(horizon.GreatestBound, "0.0000"),
    ];

    private string Json(string? file)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("file", file);
            json.WriteString("domain", calibration.UpperBound is null ? null : calibration.Domain);
            json.WriteString("rig", calibration.RigName);
            json.WriteString("rig_sha256", calibration.RigSha256);
            json.WriteString("model", manifest.Name);
            json.WriteString("model_sha256", calibration.ModelSha256);
            json.WriteString("ego", calibration.EgoEstimated ? "estimated" : "measured");
            json.WriteNumber("drives", drives);
            json.WriteNumber("labelled_drives", labelled);
            json.WriteNumber("seconds", Math.Round(driven.TotalSeconds, 3));
            json.WriteNumber("alpha", calibration.Alpha);
            json.WriteStartArray("horizons");
            foreach (var horizon in fit.Horizons)
            {
                Horizon(json, horizon);
            }

            json.WriteEndArray();
            Surprise(json);
            json.WriteStartArray("not_calibrated");
            foreach (var missing in fit.Missing)
            {
                json.WriteStringValue(missing);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Horizon(Utf8JsonWriter json, HorizonFit horizon)
    {
        json.WriteStartObject();
        json.WriteNumber("horizon_s", horizon.HorizonS);
        json.WriteBoolean("fitted", horizon.Fitted);
        json.WriteNumber("scale", horizon.Scaling.Scale);
        json.WriteNumber("bias", horizon.Scaling.Bias);
        json.WriteNumber("drives", horizon.Drives);
        json.WriteNumber("drives_with_a_collision", horizon.Collisions);
        Number(json, "error_before", horizon.ErrorBefore);
        Number(json, "error_after", horizon.ErrorAfter);
        Number(json, "least_bound", horizon.LeastBound);
        Number(json, "greatest_bound", horizon.GreatestBound);
        json.WriteEndObject();
    }

    private void Surprise(Utf8JsonWriter json)
    {
        if (calibration.Surprise is not { } surprise)
        {
            json.WriteNull("surprise");
            return;
        }

        json.WriteStartObject("surprise");
        json.WriteString("statistic", surprise.Statistic);
        json.WriteStartArray("per_horizon");
        foreach (var norm in surprise.Norms)
        {
            json.WriteStartObject();
            json.WriteNumber("horizon_s", norm.HorizonS);
            json.WriteNumber("mean", norm.Mean);
            json.WriteNumber("sd", norm.Sd);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("threshold", surprise.Threshold);
        json.WriteNumber("m", surprise.M);
        json.WriteNumber("n", surprise.N);
        json.WriteNumber("false_alarms_per_hour", surprise.FalseAlarmsPerHour);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, Math.Round(value, 6));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Text(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "unknown";
}
