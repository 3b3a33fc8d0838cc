using System.Runtime.InteropServices;

namespace Forecast.Benchmarks.Peers;

/// <summary>Signals to a process by its number.</summary>
public static partial class ProcessSignal
{
    public const int Kill = 9;
    public const int Continue = 18;
    public const int Stop = 19;

    public static bool Send(int process, int signal) => Signal(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
