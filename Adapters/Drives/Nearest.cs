namespace Forecast.Adapters.Drives;

/// <summary>The known word that somebody may have meant.</summary>
internal static class Nearest
{
    public static string? To(string word, IEnumerable<string> known)
    {
        var most = word.Length <= 3 ? 1 : Math.Max(2, word.Length / 3); // two letters exchanged are a distance of two
        return known.Select(name => (name, distance: Distance(word, name))).Where(x => x.distance <= most).OrderBy(x => x.distance).Select(x => x.name).FirstOrDefault();
    }

    // Letters to insert, delete or replace (Levenshtein).
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
