using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// One graph with all of its inputs and outputs tied to memory that stays where it is: a run reads and writes there. On the CPU the
/// binding is made once and a run allocates nothing. For a GPU, the runtime would copy bound inputs at binding time and never again, so
/// there the values are passed with every run, which costs some hundred bytes.
/// </summary>
internal sealed class BoundGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly OrtValue[] _inputs;
    private readonly OrtValue[] _outputs;
    private readonly OrtIoBinding? _binding;

    /// <param name="memory">The pinned array behind each tensor, from its first element; it may be longer than the shape needs.</param>
    public BoundGraph(
        InferenceSession session, IReadOnlyList<TensorDeclaration> tensors, AxisSizes sizes, Func<TensorDeclaration, Array> memory, bool bindOnce)
    {
        _session = session;
        (_inputNames, _inputs) = Values(tensors, "input", sizes, memory);
        (_outputNames, _outputs) = Values(tensors, "output", sizes, memory);
        if (!bindOnce)
        {
            return;
        }

        _binding = session.CreateIoBinding();
        for (var i = 0; i < _inputs.Length; i++)
        {
            _binding.BindInput(_inputNames[i], _inputs[i]);
        }

        for (var i = 0; i < _outputs.Length; i++)
        {
            _binding.BindOutput(_outputNames[i], _outputs[i]);
        }
    }

    /// <exception cref="OnnxRuntimeException">The runtime refused or broke; the outputs are then undefined.</exception>
    public void Run()
    {
        if (_binding is not null)
        {
            _session.RunWithBinding(_options, _binding);
        }
        else
        {
            _session.Run(_options, _inputNames, _inputs, _outputNames, _outputs);
        }
    }

    public void Dispose()
    {
        _binding?.Dispose();
        foreach (var value in _inputs)
        {
            value.Dispose();
        }

        foreach (var value in _outputs)
        {
            value.Dispose();
        }

        _options.Dispose();
    }

    private static (string[] Names, OrtValue[] Values) Values(
        IReadOnlyList<TensorDeclaration> tensors, string kind, AxisSizes sizes, Func<TensorDeclaration, Array> memory)
    {
        var names = new List<string>();
        var values = new List<OrtValue>();
        foreach (var tensor in tensors)
        {
            if (tensor.Kind == kind)
            {
                names.Add(tensor.Name);
                values.Add(memory(tensor) switch
                {
                    byte[] bytes => OrtValue.CreateTensorValueFromMemory(bytes, sizes.Shape(tensor)),
                    float[] floats => OrtValue.CreateTensorValueFromMemory(floats, sizes.Shape(tensor)),
                    var other => throw new InvalidOperationException($"No tensor of {other.GetType()} is known."),
                });
            }
        }

        return ([.. names], [.. values]);
    }
}

/// <summary>What the dynamic axes are in one binding; the batch of vehicles is 1.</summary>
internal readonly record struct AxisSizes(int Cameras, int Manoeuvres)
{
    public long[] Shape(TensorDeclaration tensor)
    {
        var shape = new long[tensor.Shape.Count];
        for (var i = 0; i < shape.Length; i++)
        {
            shape[i] = tensor.Shape[i] switch
            {
                { Name: "N" or "C" } => Cameras,
                { Name: "A" } => Manoeuvres,
                { Name: not null } => 1,
                { Size: var size } => size,
            };
        }

        return shape;
    }

    public int Length(TensorDeclaration tensor)
    {
        var length = 1L;
        foreach (var size in Shape(tensor))
        {
            length = checked(length * size);
        }

        return checked((int)length);
    }
}
