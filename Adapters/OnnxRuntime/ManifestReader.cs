using System.Buffers;
using System.Text.Json;
using Forecast.Pipeline.Inference;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>model.json, read: what the pipeline needs to know, and what loading still has to check.</summary>
/// <param name="Files">Path inside the folder and SHA-256, by graph.</param>
internal sealed record ModelDescription(ModelManifest Manifest, IReadOnlyDictionary<string, GraphFile> Files, IReadOnlyList<TensorDeclaration> Tensors);

internal sealed record GraphFile(string Path, string Sha256);

/// <summary>
/// Reads model.json in one pass and notes every fault. The result is meaningful only if none was noted. The optional part of surprise is described
/// at <see cref="SurpriseJson"/>.
/// </summary>
internal static class ManifestReader
{
    public const string Schema = "forecast.model/1";
    public const int CandidateCount = 16;

    public static readonly string[] Graphs = ["encoder", "memory", "predictor"];

    private static readonly SearchValues<char> _hexDigits = SearchValues.Create("0123456789abcdef");

    /// <returns>Null where the document is not JSON at all, which is then the one problem noted.</returns>
    public static ModelDescription? Read(ReadOnlyMemory<byte> json, string sha256, List<string> problems)
    {
        JsonDocument document;
        try
        {
            document = JsonText.Parse(json);
        }
        catch (JsonException e)
        {
            problems.Add(e.LineNumber is { } line
                ? $"model.json: not valid JSON at line {line + 1}, byte {e.BytePositionInLine + 1}; export the model again"
                : "model.json: not valid JSON (a name stands twice in one object, a text is no UTF-8, or the file is cut off); export the model again");
            return null;
        }

        using (document)
        {
            return Read(JsonField.Root(document.RootElement, problems), sha256, problems);
        }
    }

    private static ModelDescription Read(JsonField root, string sha256, List<string> problems)
    {
        root.Required("schema").Exactly(Schema);
        var before = problems.Count;
        var horizons = root.Required("horizons_s").Increasing(0.01, 60);
        var classes = root.Required("occupancy_classes").Names();
        var (grid, heights) = ReadGrid(root.Required("grid"));
        var (width, height) = ReadInput(root.Required("camera_input"));
        // Where one of these could not be read, holding the tensors against it would only repeat the fault.
        var known = new TensorContract(problems.Count > before ? [] : new Dictionary<string, int>
        {
            ["W"] = width, ["H"] = height, ["K"] = horizons.Count, ["1+K"] = horizons.Count + 1, ["X"] = grid.SizeX, ["Y"] = grid.SizeY,
            ["Z"] = heights.Count, ["classes"] = classes.Length,
        });
        var tensors = known.Read(root.Required("tensors"));
        var tick = root.Required("tick_period_s").Positive(10);
        var (fewest, most) = ReadCameras(root.Required("cameras"));
        var (collision, candidates, rung8) = ReadManoeuvres(root.Required("manoeuvres"), horizons.Count);
        root.Required("initial_state").Exactly("zeros");

        var shapes = known.Shapes;
        var observedCells = problems.Count > before ? 0 : shapes.Observed[1] * shapes.Observed[2];
        var manifest = new ModelManifest(
            root.Required("name").Text(),
            root.Required("version").Text(),
            sha256,
            root.Required("licence").Text(),
            root.Required("trained_on").Text(),
            root.Required("calibration_domain").Text(),
            width,
            height,
            fewest,
            most,
            TimeSpan.FromSeconds(tick),
            TimeSpan.FromSeconds(ReadGap(root.Required("largest_gap_s"), tick)),
            TimeSpan.FromSeconds(root.Required("history_s").Positive(60)),
            horizons,
            collision,
            candidates,
            rung8,
            grid,
            heights,
            classes,
            shapes,
            ReadCosts(root.Required("cost_table_ms")),
            ManifestCalibration.Read(root.Required("calibration"), horizons, observedCells, observedCells == 0 ? 0 : shapes.Observed[0]),
            ManifestCalibration.ReadLevels(root.Required("levels"), horizons),
            ManifestCalibration.ReadSkill(root.Required("skill")))
        {
            LevelsEgoEstimated = root.Optional("levels_ego_estimated") is { } apart ? ManifestCalibration.ReadLevels(apart, horizons) : null,
        };
        return new ModelDescription(manifest, ReadFiles(root.Required("files")), tensors);
    }

    private static Dictionary<string, GraphFile> ReadFiles(JsonField files)
    {
        var read = new Dictionary<string, GraphFile>();
        foreach (var graph in Graphs)
        {
            var file = files.Required(graph);
            var path = file.Required("path");
            var name = path.Text();
            if (Path.GetFileName(name) != name)
            {
                path.Report("must be the bare name of a file in the model folder");
                name = "";
            }

            var hash = file.Required("sha256");
            var sha256 = hash.Text().ToLowerInvariant();
            if (sha256.Length != 64 || sha256.AsSpan().ContainsAnyExcept(_hexDigits))
            {
                hash.Report("must be a SHA-256, 64 hexadecimal digits");
                sha256 = "";
            }

            read[graph] = new GraphFile(name, sha256);
        }

        return read;
    }

    private static (int Width, int Height) ReadInput(JsonField input)
    {
        input.Required("layout").Exactly("NHWC");
        input.Required("channels").Exactly("BGR");
        return (input.Required("width_px").Whole(8, 8192), input.Required("height_px").Whole(8, 8192));
    }

    private static (int Fewest, int Most) ReadCameras(JsonField cameras)
    {
        var fewest = cameras.Required("min").Whole(1, 64);
        return (fewest, cameras.Required("max").Whole(fewest, 64));
    }

    private static double ReadGap(JsonField gap, double tick)
    {
        var seconds = gap.Positive(60);
        if (seconds < tick)
        {
            gap.Report("must not be shorter than tick_period_s, or every tick would start afresh");
        }

        return seconds;
    }

    private static (OccupancyGrid Grid, IReadOnlyList<double> Heights) ReadGrid(JsonField grid)
    {
        grid.Required("frame").Exactly("ISO 8855, ego rear axle");
        var origin = grid.Required("origin_m").Numbers(-1000, 1000, 2);
        var size = grid.Required("size").Items(2);
        var read = new OccupancyGrid(
            origin.ElementAtOrDefault(0),
            origin.ElementAtOrDefault(1),
            grid.Required("resolution_m").Positive(100),
            size.Count > 0 ? size[0].Whole(1, 4096) : 1,
            size.Count > 1 ? size[1].Whole(1, 4096) : 1);
        return (read, grid.Required("lift_heights_m").Increasing(-10, 50));
    }

    private static (string Collision, IReadOnlyList<ManoeuvreCandidate> Candidates, IReadOnlyList<int> Rung8) ReadManoeuvres(JsonField manoeuvres, int steps)
    {
        manoeuvres.Required("parametrisation").Exactly("acceleration_mps2,curvature_1pm per horizon step");
        var items = manoeuvres.Required("candidates").Items(CandidateCount);
        var candidates = new List<ManoeuvreCandidate>(items.Count);
        foreach (var item in items)
        {
            candidates.Add(ReadCandidate(item, candidates, steps));
        }

        return (manoeuvres.Required("collision_definition").Text(), candidates, ReadRung(manoeuvres.Required("rung8")));
    }

    private static ManoeuvreCandidate ReadCandidate(JsonField item, List<ManoeuvreCandidate> before, int steps)
    {
        var name = item.Required("name").Text();
        if (name.Length > 0 && before.Exists(c => c.Name == name))
        {
            item.Report($"has the name \"{name}\" of one before it");
        }

        if (before.Count == 0)
        {
            if (item.Optional("acceleration_mps2") is not null || item.Optional("lateral_mps2") is not null)
            {
                item.Report("is the intended manoeuvre; it has no acceleration_mps2 and no lateral_mps2 of its own");
            }

            return new ManoeuvreCandidate(name, null, new double[steps]);
        }

        var acceleration = item.Required("acceleration_mps2");
        IReadOnlyList<double> accelerations = acceleration.IsArray
            ? acceleration.Numbers(-20, 20, steps)
            : [.. Enumerable.Repeat(acceleration.Number(-20, 20), steps)];
        return new ManoeuvreCandidate(name, accelerations, item.Required("lateral_mps2").Numbers(-20, 20, steps));
    }

    private static int[] ReadRung(JsonField rung)
    {
        var items = rung.Items(8);
        var numbers = new int[items.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = items[i].Whole(0, CandidateCount - 1);
            if (Array.IndexOf(numbers, numbers[i], 0, i) >= 0)
            {
                items[i].Report($"names candidate {numbers[i]} a second time");
            }
        }

        if (numbers.Length > 0 && numbers[0] != 0)
        {
            items[0].Report("must be 0, the intended manoeuvre");
        }

        return numbers;
    }

    private static List<CostEntry> ReadCosts(JsonField table)
    {
        var costs = new List<CostEntry>();
        foreach (var item in table.Items())
        {
            var entry = new CostEntry(
                item.Required("batch").Whole(1, 1024),
                item.Required("manoeuvres").Whole(1, CandidateCount),
                TimeSpan.FromMilliseconds(item.Required("ms").Positive(60_000)));
            if (costs.Exists(c => c.Batch == entry.Batch && c.Manoeuvres == entry.Manoeuvres))
            {
                item.Report($"repeats batch {entry.Batch} with {entry.Manoeuvres} manoeuvres");
            }

            costs.Add(entry);
        }

        foreach (var rung in (ReadOnlySpan<int>)[CandidateCount, 8, 1])
        {
            if (!costs.Exists(c => c.Batch == 1 && c.Manoeuvres == rung))
            {
                table.Report($"has no entry for batch 1 with {rung} manoeuvres");
            }
        }

        return costs;
    }
}
