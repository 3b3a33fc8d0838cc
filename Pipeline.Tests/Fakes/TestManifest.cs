using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>A manifest of a model that exists only in tests: small map, the contract's horizons and sixteen candidates, calibration that changes nothing.</summary>
internal static class TestManifest
{
    public const string Domain = "test-domain/1";

    public static ModelManifest Create(int alarmM = 3, int alarmN = 5)
    {
        double[] horizons = [0.5, 1, 2, 3, 4];
        return new ModelManifest(
            "test", "1.0.0", new string('a', 64), "Apache-2.0", "nothing: a fake", Domain,
            InputWidthPx: 4, InputHeightPx: 2, CamerasMin: 1, CamerasMax: 6,
            TickPeriod: TimeSpan.FromSeconds(0.1), LargestGap: TimeSpan.FromSeconds(0.7), History: TimeSpan.FromSeconds(0.3),
            horizons,
            "footprint-overlap-v1",
            Candidates(),
            Rung8: [0, 2, 3, 4, 5, 6, 9, 10],
            new OccupancyGrid(-24, -32, 2, 48, 32),
            LiftHeightsM: [0.2, 1.0],
            OccupancyClasses: ["vehicle", "cycle", "person"],
            new ModelShapes([2, 48, 32], [2, 24, 16], 4),
            [new CostEntry(1, 16, TimeSpan.FromMilliseconds(30)), new CostEntry(1, 8, TimeSpan.FromMilliseconds(20)), new CostEntry(1, 1, TimeSpan.FromMilliseconds(12))],
            new ModelCalibration(
                [.. horizons.Select(h => new LogitScaling(h, 1, 0))],
                [.. Enumerable.Range(0, 6).Select(h => new LogitScaling(h, 1, 0))],
                new UpperBoundTable("test", 0.1, 100, [.. horizons.Select(_ => (IReadOnlyList<double>)[0.1, 0.5])], [.. horizons.Select(_ => (IReadOnlyList<double>)[0.2, 0.6, 1.0])])),
            new RiskLevels(2, new Hysteresis(0.2, 0.1), new Hysteresis(0.5, 0.3), alarmM, alarmN),
            []);
    }

    private static List<ManoeuvreCandidate> Candidates()
    {
        double[] straight = [0, 0, 0, 0, 0];
        double[] left = [1.5, 1.5, -1.5, -1.5, 0];
        double[] right = [-1.5, -1.5, 1.5, 1.5, 0];
        double[] hardLeft = [4, 4, -4, -4, 0];
        double[] hardRight = [-4, -4, 4, 4, 0];
        ManoeuvreCandidate Held(string name, double a, double[] lateral) => new(name, [a, a, a, a, a], lateral);
        return
        [
            new("intended", null, straight), Held("keep", 0, straight), Held("coast", -1, straight), Held("brake_soft", -2, straight),
            Held("brake", -4, straight), Held("brake_hard", -6, straight), Held("brake_full", -8, straight), Held("accelerate", 1.5, straight),
            Held("accelerate_hard", 3, straight), Held("left", 0, left), Held("right", 0, right), Held("left_brake", -4, left),
            Held("right_brake", -4, right), Held("left_hard", 0, hardLeft), Held("right_hard", 0, hardRight),
            new("brake_then_accelerate", [-4, -4, 0, 1.5, 1.5], straight),
        ];
    }
}
