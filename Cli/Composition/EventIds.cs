using System.Security.Cryptography;
using System.Text;

namespace Forecast.Cli.Composition;

/// <summary>Event ids of a replay: derived from the drive's name and a count, so that the same drive gives the same ids.</summary>
internal sealed class EventIds(string drive)
{
    private int _count;

    public Guid Next() => new(SHA256.HashData(Encoding.UTF8.GetBytes($"{drive}#{_count++}")).AsSpan(0, 16));
}
