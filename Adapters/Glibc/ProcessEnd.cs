using System.Runtime.InteropServices;

namespace Forecast.Adapters.Glibc;

/// <summary>
/// The end of the process without the runtime's own way out. That one waits for threads and runs native libraries' last words, which hang where memory is so short that a thread could not be
/// made, or where a thread never comes back from a native call.
/// </summary>
public static partial class ProcessEnd
{
    /// <summary>What was written to the console is out; nothing else is done. Whoever calls it has disposed of everything that outlives a process.</summary>
    public static void AtOnce(int code)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        End(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void End(int code);
}
