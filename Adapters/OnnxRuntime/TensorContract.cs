using System.Globalization;
using Forecast.Pipeline.Inference;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>A size in a shape: a dynamic axis has a name and no size.</summary>
internal readonly record struct Axis(string? Name, int Size)
{
    public override string ToString() => Name ?? Size.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A tensor as model.json declares it.</summary>
internal sealed record TensorDeclaration(string Graph, string Name, string Kind, string Type, IReadOnlyList<Axis> Shape)
{
    public override string ToString() => $"{Type} [{string.Join(',', Shape)}]";
}

/// <summary>
/// The tensors that every model folder has, whatever its architecture. Capital letters are axes: N, B, C and A are dynamic, others follow
/// from the manifest, and those that the manifest does not say (F, S, D, E and the sizes of opaque maps) take the value of their first use.
/// </summary>
internal sealed class TensorContract
{
    private static readonly (string Graph, string Name, string Kind, string Type, string Shape)[] _tensors =
    [
        ("encoder", "images", "input", "uint8", "N H W 3"),
        ("encoder", "features", "output", "float32", "N F h w"),
        ("memory", "features", "input", "float32", "B C F h w"),
        ("memory", "lift", "input", "float32", "B C Z X Y 2"),
        ("memory", "lift_valid", "input", "float32", "B C Z X Y"),
        ("memory", "camera_mask", "input", "float32", "B C"),
        ("memory", "camera_age_s", "input", "float32", "B C"),
        ("memory", "ego_motion", "input", "float32", "B 6"),
        ("memory", "elapsed_s", "input", "float32", "B 1"),
        ("memory", "state", "input", "float32", "B S X Y"),
        ("memory", "next_state", "output", "float32", "B S X Y"),
        ("memory", "observed", "output", "float32", "B D X' Y'"),
        ("memory", "descriptor", "output", "float32", "B E"),
        ("memory", "ego_estimate", "output", "float32", "B 3"),
        ("memory", EgoAgreement, "output", "float32", "B 1"),
        ("predictor", "state", "input", "float32", "B S X Y"),
        ("predictor", "ego", "input", "float32", "B 3"),
        ("predictor", "footprint", "input", "float32", "B 3"),
        ("predictor", "manoeuvres", "input", "float32", "B A K 2"),
        ("predictor", "latents", "output", "float32", "B K D X' Y'"),
        ("predictor", "occupancy_logits", "output", "float32", "B 1+K classes X Y"),
        ("predictor", "hazard_logits", "output", "float32", "B A K"),
    ];

    /// <summary>The one tensor that a model may be without.</summary>
    internal const string EgoAgreement = "ego_agreement";

    private readonly Dictionary<string, int> _sizes;

    /// <param name="manifest">Sizes that the manifest states, by axis; one that could not be read is left out, and then follows from its first use.</param>
    public TensorContract(IEnumerable<KeyValuePair<string, int>> manifest) => _sizes = new(manifest)
    {
        ["N"] = 0, ["B"] = 0, ["C"] = 0, ["A"] = 0, ["1"] = 1, ["2"] = 2, ["3"] = 3, ["6"] = 6,
    };

    /// <summary>Sizes found in the declarations; meaningful if no problem was noted.</summary>
    public ModelShapes Shapes => new([Size("S"), Size("X"), Size("Y")], [Size("D"), Size("X'"), Size("Y'")], Size("E"));

    /// <summary>Reads the table of tensors and holds it against the contract.</summary>
    public IReadOnlyList<TensorDeclaration> Read(JsonField table)
    {
        var declared = new List<(TensorDeclaration Tensor, JsonField Where)>();
        foreach (var item in table.Items())
        {
            var shape = item.Required("shape").Items();
            var axes = new Axis[shape.Count];
            for (var i = 0; i < axes.Length; i++)
            {
                axes[i] = shape[i].AxisSize();
            }

            declared.Add((new TensorDeclaration(
                item.Required("graph").Text(), item.Required("name").Text(), item.Required("kind").Text(), item.Required("type").Text(), axes), item));
        }

        var missing = new List<string>();
        foreach (var (graph, name, kind, type, shape) in _tensors)
        {
            var index = declared.FindIndex(d => d.Tensor.Graph == graph && d.Tensor.Name == name && d.Tensor.Kind == kind);
            if (index < 0 && name == EgoAgreement)
            {
                continue;
            }

            if (index < 0)
            {
                missing.Add($"{graph} {kind} {name}");
            }
            else
            {
                Match(declared[index].Tensor, declared[index].Where, type, shape.Split(' '));
            }
        }

        foreach (var (tensor, where) in declared)
        {
            if (!Array.Exists(_tensors, t => t.Graph == tensor.Graph && t.Name == tensor.Name && t.Kind == tensor.Kind))
            {
                where.Report($"declares {tensor.Graph} {tensor.Kind} {tensor.Name}, which no model of this schema has");
            }
        }

        if (missing.Count > 0)
        {
            table.Report($"does not declare {string.Join(", ", missing)}");
        }

        return declared.ConvertAll(d => d.Tensor);
    }

    private void Match(TensorDeclaration tensor, JsonField where, string type, string[] axes)
    {
        var fits = tensor.Type == type && tensor.Shape.Count == axes.Length;
        for (var i = 0; fits && i < axes.Length; i++)
        {
            fits = tensor.Shape[i] switch
            {
                { Name: { } name } => name == axes[i] && Size(axes[i]) == 0 && _sizes.ContainsKey(axes[i]),
                { Size: var size } when _sizes.TryGetValue(axes[i], out var known) => size == known,
                { Size: var size } => _sizes.TryAdd(axes[i], size),
            };
        }

        if (!fits)
        {
            var wanted = string.Join(',', Array.ConvertAll(axes, Named));
            where.Report($"declares {tensor.Graph} {tensor.Kind} {tensor.Name} as {tensor}; it must be {type} [{wanted}]");
        }
    }

    /// <summary>The size where it is known and fixed, else the axis's letter.</summary>
    private string Named(string axis) => Size(axis) is var size and > 0 ? size.ToString(CultureInfo.InvariantCulture) : axis;

    private int Size(string axis) => _sizes.GetValueOrDefault(axis);
}
