using System.Globalization;
using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Forecast.Adapters.OpenCv;

/// <summary>The files behind <c>images:</c>: a folder, a pattern with * and ?, or a number such as %06d counted up from the first there is.</summary>
internal static partial class PicturePattern
{
    /// <returns>Full paths in order; empty when nothing fits.</returns>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        var full = Path.GetFullPath(pattern);
        if (Directory.Exists(full))
        {
            return InOrder(full, name => Path.GetExtension(name).ToLowerInvariant() is ".jpg" or ".jpeg" or ".png");
        }

        var folder = Path.GetDirectoryName(full);
        if (folder is null || !Directory.Exists(folder))
        {
            return [];
        }

        var file = Path.GetFileName(full);
        var number = Number().Match(file);
        return number.Success ? Counted(folder, file, number) : InOrder(folder, name => FileSystemName.MatchesSimpleExpression(file, name, ignoreCase: false));
    }

    private static List<string> InOrder(string folder, Func<string, bool> fits)
    {
        var paths = new List<string>();
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            if (fits(Path.GetFileName(path)))
            {
                paths.Add(path);
            }
        }

        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    private static List<string> Counted(string folder, string file, Match number)
    {
        const int furthestStart = 1000;
        var digits = number.Groups[1].Length > 0 ? int.Parse(number.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 1;
        string At(int i) => Path.Combine(folder, file[..number.Index] + i.ToString("D" + digits, CultureInfo.InvariantCulture) + file[(number.Index + number.Length)..]);
        var paths = new List<string>();
        for (var i = 0; paths.Count > 0 || i <= furthestStart; i++)
        {
            var path = At(i);
            if (File.Exists(path))
            {
                paths.Add(path);
            }
            else if (paths.Count > 0)
            {
                break;
            }
        }

        return paths;
    }

    [GeneratedRegex("%0?([0-9]?)d")]
    private static partial Regex Number();
}
