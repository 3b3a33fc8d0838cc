namespace Forecast.Cli.Terminal;

/// <summary>Text from outside (names, messages, files) without what a terminal would obey.</summary>
internal static class Printable
{
    /// <summary>One line: every control character becomes a blank.</summary>
    public static string Line(string text) => Replace(text, keepLineEnds: false);

    /// <summary>Several lines: line ends stay.</summary>
    public static string Lines(string text) => Replace(text, keepLineEnds: true);

    private static string Replace(string text, bool keepLineEnds)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        return string.Create(text.Length, (text, keepLineEnds), static (line, state) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                var letter = state.text[i];
                line[i] = char.IsControl(letter) && !(state.keepLineEnds && letter == '\n') ? ' ' : letter;
            }
        });
    }
}
