using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>Holds the tensors that model.json declares against those that the loaded graphs really have.</summary>
internal static class GraphCheck
{
    public static void Run(ModelFolder folder, ModelSessions sessions, List<string> problems)
    {
        foreach (var tensor in folder.Tensors)
        {
            if (sessions[tensor.Graph] is { } session)
            {
                Compare(folder.FileName(tensor.Graph), tensor, tensor.Kind == "input" ? session.InputMetadata : session.OutputMetadata, problems);
            }
        }

        foreach (var graph in ManifestReader.Graphs)
        {
            if (sessions[graph] is { } session)
            {
                NoteUndeclared(folder, graph, "input", session.InputMetadata, problems);
                NoteUndeclared(folder, graph, "output", session.OutputMetadata, problems);
            }
        }
    }

    private static void Compare(string file, TensorDeclaration tensor, IReadOnlyDictionary<string, NodeMetadata> actual, List<string> problems)
    {
        if (!actual.TryGetValue(tensor.Name, out var node))
        {
            problems.Add($"{file}: has no {tensor.Kind} {tensor.Name}; model.json declares it as {tensor}. It has {string.Join(", ", actual.Keys)}");
            return;
        }

        var type = TypeName(node);
        if (type != tensor.Type || !ShapeFits(tensor, node.Dimensions))
        {
            problems.Add(
                $"{file}: {tensor.Kind} {tensor.Name} is {type} [{Shape(node)}]; model.json declares {tensor}. Export the model and its manifest together");
        }
    }

    /// <summary>
    /// A dynamic axis must be dynamic in the graph. The size of an output's axis may be unknown to the graph, where exporters lost it;
    /// the trial run on loading finds whether it is right.
    /// </summary>
    private static bool ShapeFits(TensorDeclaration tensor, int[] dimensions)
    {
        if (dimensions.Length != tensor.Shape.Count)
        {
            return false;
        }

        for (var i = 0; i < dimensions.Length; i++)
        {
            var wanted = tensor.Shape[i];
            var fits = wanted.Name is not null ? dimensions[i] < 0 : dimensions[i] == wanted.Size || (dimensions[i] < 0 && tensor.Kind == "output");
            if (!fits)
            {
                return false;
            }
        }

        return true;
    }

    private static void NoteUndeclared(
        ModelFolder folder, string graph, string kind, IReadOnlyDictionary<string, NodeMetadata> actual, List<string> problems)
    {
        foreach (var (name, node) in actual)
        {
            if (!folder.Tensors.Any(t => t.Graph == graph && t.Kind == kind && t.Name == name))
            {
                problems.Add($"{folder.FileName(graph)}: {kind} {name}, {TypeName(node)} [{Shape(node)}], is not in model.json's tensors");
            }
        }
    }

    private static string TypeName(NodeMetadata node) => !node.IsTensor ? "no tensor" : node.ElementDataType switch
    {
        TensorElementType.Float => "float32",
        TensorElementType.UInt8 => "uint8",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static string Shape(NodeMetadata node)
    {
        var axes = new string[node.IsTensor ? node.Dimensions.Length : 0];
        for (var i = 0; i < axes.Length; i++)
        {
            axes[i] = node.Dimensions[i] >= 0 ? new Axis(null, node.Dimensions[i]).ToString() : node.SymbolicDimensions[i] is { Length: > 0 } name ? name : "?";
        }

        return string.Join(',', axes);
    }
}
