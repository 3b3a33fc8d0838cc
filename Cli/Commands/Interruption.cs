using System.Runtime.InteropServices;

namespace Forecast.Cli.Commands;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the command to end gracefully, the second is left to the system, which ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    private Interruption()
    {
    }

    public CancellationToken Token => _cancellation.Token;

    public static Interruption Listen()
    {
        var interruption = new Interruption();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            interruption._registrations.Add(PosixSignalRegistration.Create(signal, interruption.OnSignal));
        }

        return interruption;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _cancellation.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            return;
        }

        context.Cancel = true;

        // Not on the signal's thread: what is registered with the token may take its time.
        ThreadPool.QueueUserWorkItem(static source => source.Cancel(), _cancellation, preferLocal: false);
    }
}
