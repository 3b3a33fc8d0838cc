using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>Whether ONNX Runtime's core is here and loads.</summary>
public static class OnnxRuntimePresence
{
    /// <summary>The core's version and the providers built into it (not those that would work); null, with the reason, where it does not load.</summary>
    public static string? Describe(out string problem)
    {
        try
        {
            problem = "";
            var environment = OnnxEnvironment.Get();
            return $"{environment.GetVersionString()}, built with {string.Join(", ", environment.GetAvailableProviders())}";
        }
        catch (Exception fault) when (fault is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or OnnxRuntimeException)
        {
            problem = (fault.InnerException ?? fault).Message.ReplaceLineEndings(" ");
            return null;
        }
    }
}
