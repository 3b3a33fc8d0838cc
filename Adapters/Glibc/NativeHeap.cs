using System.Runtime.InteropServices;

namespace Forecast.Adapters.Glibc;

/// <summary>
/// glibc's heap, which OpenCV, ONNX Runtime, mosquitto and the runtime itself allocate from. By default each thread gets an arena of its own, up to
/// eight a core, and each keeps the most that it ever needed: resident memory creeps for hours.
/// </summary>
public static partial class NativeHeap
{
    private const int ArenaMax = -8; // M_ARENA_MAX of malloc.h

    /// <summary>From here on threads without an arena share <paramref name="arenas"/> of them. Before other threads start.</summary>
    /// <returns>False where the C library is another one and knows nothing of it.</returns>
    public static bool Share(int arenas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(arenas, 1);
        try
        {
            return SetOption(ArenaMax, arenas) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int parameter, int value);
}
