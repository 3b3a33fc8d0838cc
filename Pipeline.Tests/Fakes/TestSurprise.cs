using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>What a model of so many observed cells says of its surprise, every cell alike; as a record, and as model.json has it.</summary>
internal static class TestSurprise
{
    /// <summary>Of the tiny model.</summary>
    public const int TinyCells = 12 * 8;

    public static SurpriseNorm Norm(double horizonS, double mean, double sd, int cells, float cellMean = 0, float cellSpread = 1)
    {
        float[] means = [.. Enumerable.Repeat(cellMean, cells)];
        float[] spreads = [.. Enumerable.Repeat(cellSpread, cells)];
        return new SurpriseNorm(horizonS, means, spreads, mean, sd);
    }

    public static string Base64(float value, int cells) => Convert.ToBase64String(MemoryMarshal.AsBytes<float>(Enumerable.Repeat(value, cells).ToArray()));

    /// <summary>Puts calibration.surprise into a manifest of the tiny model.</summary>
    public static JsonObject AddTo(JsonNode manifest)
    {
        var surprise = new JsonObject
        {
            ["statistic"] = "patch", ["worst_cells"] = 5, ["per_horizon"] = new JsonArray(Horizon(0.5, -1.25), Horizon(1, -0.75)),
            ["threshold"] = 3.5, ["m"] = 1, ["n"] = 5, ["false_alarms_per_hour"] = 1.5, ["validation_hours"] = 2.25,
        };
        manifest["calibration"]!["surprise"] = surprise;
        return surprise;
    }

    private static JsonObject Horizon(double seconds, double mean) => new()
    {
        ["horizon_s"] = seconds, ["cells_mean"] = Base64(-3, TinyCells), ["cells_spread"] = Base64(0.5f, TinyCells), ["mean"] = mean, ["sd"] = 0.25,
    };
}
