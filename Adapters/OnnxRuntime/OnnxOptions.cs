using Forecast.Adapters.Sodium;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>How the world model is run.</summary>
public sealed record OnnxOptions
{
    /// <summary>Default auto: CUDA where it works, else the CPU, and the report says why.</summary>
    public ProviderWish Provider { get; init; } = ProviderWish.Auto;

    /// <summary>Threads of one graph's run on the CPU; at least 1, default 2, never more than there are cores.</summary>
    public int IntraOpThreads { get; init; } = 2;

    /// <summary>Which GPU; from 0.</summary>
    public int CudaDevice { get; init; }

    /// <summary>
    /// For exact replay: the CPU, one thread, and no optimisation that depends on the machine's vector width beyond the kernels
    /// themselves, so that the same inputs give the same bits on one instruction set. Default false.
    /// </summary>
    public bool Exact { get; init; }

    /// <summary>Who must have signed model.json, which names every graph by its hash; null, the default: nobody.</summary>
    public MinisignKey? SignedBy { get; init; }
}

/// <summary>Where the user wants the model to run.</summary>
public enum ProviderWish
{
    Auto,
    Cpu,
    Cuda,
}

/// <summary>Where the model really runs.</summary>
/// <param name="Live">"cpu" or "cuda:0".</param>
/// <param name="Why">One line: why this one and not another.</param>
public sealed record ProviderReport(ProviderWish Wished, string Live, string Why)
{
    public bool IsCpu => Live == "cpu";
}

/// <summary>CUDA was demanded and cannot be had; the message says why and what to do.</summary>
public sealed class ProviderUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
