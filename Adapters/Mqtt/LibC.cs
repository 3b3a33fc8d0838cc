using System.Runtime.InteropServices;

namespace Forecast.Adapters.Mqtt;

/// <summary>What waiting on a socket that another library owns, and ending a child politely, needs of the C library.</summary>
internal static unsafe partial class LibC
{
    internal const short PollIn = 1;
    internal const short PollOut = 4;
    internal const int TryAgain = 11;
    internal const int Terminate = 15;

    private const int EventNonBlocking = 0x800;
    private const int EventCloseOnExec = 0x80000;
    private const int SocketLevel = 1;
    private const int SendBuffer = 7;

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollFd* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "free")]
    internal static partial void Free(void* memory);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSocketOption(int socket, int level, int name, void* value, uint length);

    /// <summary>How many bytes the kernel takes for a peer that does not read.</summary>
    internal static void LimitSendBuffer(int socket, int bytes) =>
        _ = SetSocketOption(socket, SocketLevel, SendBuffer, &bytes, sizeof(int));

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Occurred;
    }

    /// <summary>Wakes a thread that waits in <see cref="Poll"/>.</summary>
    internal sealed class WakeUp : IDisposable
    {
        internal int Descriptor { get; } = EventFd(0, EventNonBlocking | EventCloseOnExec);

        internal void Signal()
        {
            ulong one = 1;
            _ = Write(Descriptor, &one, sizeof(ulong));
        }

        internal void Clear()
        {
            ulong count;
            _ = Read(Descriptor, &count, sizeof(ulong));
        }

        public void Dispose() => _ = Close(Descriptor);
    }
}
