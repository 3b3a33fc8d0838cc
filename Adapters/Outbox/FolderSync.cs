using System.Runtime.InteropServices;

namespace Forecast.Adapters.Outbox;

/// <summary>Makes a folder's entries durable: a file that was renamed is under its new name after a power cut only when its folder was written too.</summary>
internal static partial class FolderSync
{
    private const int CloseOnExec = 0x80000; // O_RDONLY is 0
    private const int Invalid = 22; // EINVAL: a file system that has no such thing

    /// <exception cref="IOException">The folder cannot be opened, or the disk refuses.</exception>
    internal static void Flush(string folder)
    {
        var descriptor = Open(folder, CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"{folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            if (Sync(descriptor) != 0 && Marshal.GetLastPInvokeError() != Invalid)
            {
                throw new IOException($"{folder}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
