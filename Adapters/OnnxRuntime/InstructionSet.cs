using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// What of the processor ONNX Runtime's kernels on the CPU are chosen by: where it is the same, the same model gives the same bits; elsewhere a digest says nothing.
/// </summary>
public static class InstructionSet
{
    /// <summary>As "x64 avx2 fma avx512f avx512vnni".</summary>
    public static string Name { get; } = string.Join(' ', Parts());

    private static IEnumerable<string> Parts()
    {
        yield return RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        foreach (var (has, name) in new (bool Has, string Name)[]
        {
            (Avx.IsSupported, "avx"), (Avx2.IsSupported, "avx2"), (Fma.IsSupported, "fma"), (AvxVnni.IsSupported, "avxvnni"),
            (Avx512F.IsSupported, "avx512f"), (Avx512BW.IsSupported, "avx512bw"), (Avx512Vbmi.IsSupported, "avx512vbmi"), (Avx10v1.IsSupported, "avx10"),
            (AdvSimd.IsSupported, "neon"), (Dp.IsSupported, "dotprod"),
        })
        {
            if (has)
            {
                yield return name;
            }
        }
    }
}
