using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// The three graphs, loaded. Each has a session of its own with its own threads and arena: they run one after another, and idle threads sleep.
/// </summary>
internal sealed class ModelSessions : IDisposable
{
    private const string Core = "libonnxruntime.so";
    private static readonly string[] _cudaLibraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

    private readonly Dictionary<string, InferenceSession> _sessions = [];

    private ModelSessions(ProviderReport provider) => Provider = provider;

    public ProviderReport Provider { get; }

    public InferenceSession? this[string graph] => _sessions.GetValueOrDefault(graph);

    /// <summary>Loads what can be loaded and notes every graph that cannot.</summary>
    /// <param name="providers">Where the runtime's provider libraries lie: the program's own folder.</param>
    /// <exception cref="ProviderUnavailableException">CUDA was demanded and cannot be had.</exception>
    public static ModelSessions Open(ModelFolder folder, OnnxOptions options, string providers, List<string> problems)
    {
        OnnxEnvironment.Get();
        var graphs = new Dictionary<string, byte[]>();
        foreach (var graph in ManifestReader.Graphs)
        {
            if (folder.TakeGraph(graph) is { } bytes)
            {
                graphs[graph] = bytes;
            }
        }

        var refusal = RefusalWithoutTrying(options, providers);
        if (refusal is null)
        {
            var live = string.Create(CultureInfo.InvariantCulture, $"cuda:{options.CudaDevice}");
            var sessions = new ModelSessions(new ProviderReport(options.Provider, live, "CUDA's provider library loaded and took the model"));
            refusal = sessions.TryOpenOnCuda(graphs, options);
            if (refusal is null)
            {
                return sessions;
            }

            sessions.Dispose();
        }

        if (options.Provider == ProviderWish.Cuda)
        {
            throw new ProviderUnavailableException(
                $"The provider cuda was asked for and cannot be had: {refusal}. " +
                "Choose cpu or auto, or install NVIDIA's driver with CUDA 13 and cuDNN 9, then run FORECAST_CUDA=yes eng/setup.sh and build again.");
        }

        var onCpu = new ModelSessions(new ProviderReport(options.Provider, "cpu", refusal!));
        onCpu.OpenOnCpu(folder, graphs, options, problems);
        return onCpu;
    }

    public void Dispose()
    {
        foreach (var session in _sessions.Values)
        {
            session.Dispose();
        }

        _sessions.Clear();
    }

    /// <summary>Why CUDA is not even tried; null where it is.</summary>
    internal static string? RefusalWithoutTrying(OnnxOptions options, string providers)
    {
        if (options.Exact)
        {
            return "an exact run needs the CPU: other providers' results differ from run to run";
        }

        if (options.Provider == ProviderWish.Cpu)
        {
            return "the CPU was asked for";
        }

        foreach (var library in _cudaLibraries)
        {
            if (!File.Exists(Path.Combine(providers, library)))
            {
                // Trying all the same is safe, but the runtime looks beside its core only, so that the answer is known.
                return $"{library} does not lie beside {Core}";
            }
        }

        return null;
    }

    /// <summary>
    /// A missing driver, a missing device, a core without CUDA and a provider of another version all surface here, as a refusal from
    /// the runtime or an entry point or library that is not there.
    /// </summary>
    internal static string? TryAppendCuda(SessionOptions session, int device)
    {
        try
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new Dictionary<string, string>
            {
                ["device_id"] = device.ToString(CultureInfo.InvariantCulture),
                ["arena_extend_strategy"] = "kSameAsRequested",
                ["cudnn_conv_algo_search"] = "HEURISTIC", // EXHAUSTIVE times every shape again, in the middle of a drive
                ["use_tf32"] = "0",                       // its 10 bits of mantissa would need tolerances of their own
            });
            session.AppendExecutionProvider_CUDA(cuda);
            return null;
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            return OneLine(e);
        }
    }

    /// <summary>The runtime's message without its own source line, which it puts before the mark that is looked for here.</summary>
    internal static string OneLine(Exception e)
    {
        const string mark = "[ONNXRuntimeError] : "; // then a number, a word and the message
        var message = e.Message.ReplaceLineEndings(" ");
        var at = message.LastIndexOf(mark, StringComparison.Ordinal);
        return (at < 0 ? message : message[(at + mark.Length)..].Split(" : ", 3)[^1]).Trim().TrimEnd('.');
    }

    private static bool IsUnavailable(Exception e) =>
        e is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException or TypeInitializationException;

    private string? TryOpenOnCuda(Dictionary<string, byte[]> graphs, OnnxOptions options)
    {
        foreach (var (graph, bytes) in graphs)
        {
            using var session = Settings(options);
            if (TryAppendCuda(session, options.CudaDevice) is { } refusal)
            {
                return refusal;
            }

            try
            {
                _sessions[graph] = new InferenceSession(bytes, session);
            }
            catch (Exception e) when (IsUnavailable(e))
            {
                return OneLine(e);
            }
        }

        return null;
    }

    private void OpenOnCpu(ModelFolder folder, Dictionary<string, byte[]> graphs, OnnxOptions options, List<string> problems)
    {
        foreach (var (graph, bytes) in graphs)
        {
            try
            {
                using var session = Settings(options);
                _sessions[graph] = new InferenceSession(bytes, session);
            }
            catch (OnnxRuntimeException e)
            {
                if (!folder.IsAltered(graph))
                {
                    problems.Add($"{folder.FileName(graph)}: ONNX Runtime cannot load it ({OneLine(e)}); export the model again");
                }
            }
        }
    }

    private static SessionOptions Settings(OnnxOptions options)
    {
        var session = new SessionOptions
        {
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = options.Exact ? 1 : Math.Clamp(options.IntraOpThreads, 1, Environment.ProcessorCount),
            InterOpNumThreads = 1,
            // ALL rewrites convolutions for this machine's vector width, which an exact run must not depend on.
            GraphOptimizationLevel = options.Exact ? GraphOptimizationLevel.ORT_ENABLE_EXTENDED : GraphOptimizationLevel.ORT_ENABLE_ALL,
            EnableCpuMemArena = true,
            EnableMemoryPattern = true,
            LogId = "forecast",
        };

        // Spinning threads make p99 several times worse beside a busy neighbour, and cost a core at 20 Hz.
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        session.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return session;
    }
}
