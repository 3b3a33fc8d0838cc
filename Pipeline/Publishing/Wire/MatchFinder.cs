namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>Where bytes have come before, within deflate's window (RFC 1951): a chain of earlier places for each hash of three bytes.</summary>
/// <param name="longest">The most bytes that one input will hold.</param>
internal sealed class MatchFinder(int longest)
{
    public const int Shortest = 3;
    public const int Longest = 258;

    private const int Furthest = 32768;
    private const int HashBits = 13;
    private const int ChainLimit = 8; // 24 gives 2 % less

    private readonly int[] _head = new int[1 << HashBits];
    private readonly int[] _before = new int[longest];

    /// <summary>Before another input.</summary>
    public void Clear() => Array.Fill(_head, -1);

    /// <summary>Bytes from <paramref name="at"/> on that a remembered place has as well; below <see cref="Shortest"/> there is no match.</summary>
    public int LongestAt(ReadOnlySpan<byte> input, int at, out int distance)
    {
        distance = 0;
        var limit = Math.Min(Longest, input.Length - at);
        if (limit < Shortest)
        {
            return 0;
        }

        var best = 0;
        var candidate = _head[Hash(input, at)];
        for (var tries = ChainLimit; candidate >= 0 && at - candidate <= Furthest && tries > 0; tries--)
        {
            var length = input.Slice(at, limit).CommonPrefixLength(input[candidate..]);
            if (length > best)
            {
                best = length;
                distance = at - candidate;
                if (length == limit)
                {
                    break;
                }
            }

            candidate = _before[candidate];
        }

        return best;
    }

    public void Remember(ReadOnlySpan<byte> input, int at)
    {
        if (at + Shortest <= input.Length)
        {
            ref var head = ref _head[Hash(input, at)];
            _before[at] = head;
            head = at;
        }
    }

    private static int Hash(ReadOnlySpan<byte> input, int at) =>
        (int)(((uint)(input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) * 2654435761u) >> (32 - HashBits));
}
