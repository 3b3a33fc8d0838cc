using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Forecast.Cli.Commands;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the command to end gracefully, another a second later or more is left to the system, which ends the process at
/// once. What comes sooner is the same wish: `timeout` signals the process and its group.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan SameWish = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private long _first;

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
        lock (_lock)
        {
            var again = _first != 0;
            if (again && Stopwatch.GetElapsedTime(_first) >= SameWish)
            {
                return;
            }

            context.Cancel = true;
            if (again)
            {
                return;
            }

            _first = Stopwatch.GetTimestamp();
        }

        // Not on the signal's thread: what is registered with the token may take its time.
        ThreadPool.QueueUserWorkItem(static source => source.Cancel(), _cancellation, preferLocal: false);
    }
}
