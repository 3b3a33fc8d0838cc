using System.Diagnostics;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>A process that eats one processor until the test is over.</summary>
internal sealed class BusyLoop : IDisposable
{
    private readonly Process _process = Process.Start(new ProcessStartInfo("sh", ["-c", "while :; do :; done"]))!;

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
