namespace Forecast.Adapters.Drives;

/// <summary>What a misspelt word may have meant, in a file or on a command line.</summary>
public static class Suggestion
{
    private const int ShortestBeginning = 3;

    /// <summary>
    /// The nearest of <paramref name="known"/>, or null when none is near: a third of the letters may differ, three at most, or only
    /// the beginning was written. Numbers are never near each other.
    /// </summary>
    public static string? For(string word, IEnumerable<string> known)
    {
        if (!word.Any(char.IsLetter))
        {
            return null;
        }

        string? best = null;
        var bestDistance = Math.Clamp(word.Length / 3, 1, 3) + 1;
        foreach (var candidate in known)
        {
            var isBeginning = word.Length >= ShortestBeginning && candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase);
            var distance = isBeginning ? 1 : Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>Edits that turn one word into the other: a letter put in, taken out, changed, or swapped with its neighbour.</summary>
    private static int Distance(string from, string to)
    {
        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= to.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var change = rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(change, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[from.Length, to.Length];
    }
}
