using System.Text.Json;

namespace Forecast.Benchmarks.Peers;

/// <summary>Ours and the peer in turn, A B B A A B B A A B: what drifts on the machine falls on both alike.</summary>
public static class PairedRuns
{
    public const int Pairs = 5;

    /// <param name="peer">Null: it is missing, and only ours is measured.</param>
    /// <param name="said">Told before each measurement.</param>
    public static (List<T> Ours, List<JsonElement> Peer) Run<T>(Func<T> ours, Func<JsonElement>? peer, Action<string> said, CancellationToken cancelled)
    {
        var (one, other) = (new List<T>(), new List<JsonElement>());
        for (var pair = 0; pair < Pairs && !cancelled.IsCancellationRequested; pair++)
        {
            said($"pair {pair + 1} of {Pairs}");
            if (pair % 2 == 0)
            {
                one.Add(ours());
                Other(peer, other);
            }
            else
            {
                Other(peer, other);
                one.Add(ours());
            }
        }

        cancelled.ThrowIfCancellationRequested();
        return (one, other);
    }

    private static void Other(Func<JsonElement>? measure, List<JsonElement> results)
    {
        if (measure is not null)
        {
            results.Add(measure());
        }
    }
}
