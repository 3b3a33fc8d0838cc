using System.Globalization;
using Forecast.Adapters.Sodium;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Forecast.Adapters.Drives;

/// <summary>
/// A YAML or JSON file read strictly: every key known, every value in its range, all problems collected with their lines before anything is refused.
/// </summary>
internal sealed class StrictDocument
{
    private const int LargestBytes = 4 << 20;

    private readonly List<(int Line, string Text)> _problems = [];
    private readonly string _file;

    private StrictDocument(string file) => _file = file;

    /// <param name="signedBy">Whose signature the file must have; null: none.</param>
    /// <exception cref="SignatureException">It has not, and nothing of it was used.</exception>
    public static (StrictDocument Document, StrictSection Root) Load(string path, MinisignKey? signedBy = null)
    {
        byte[] content;
        try
        {
            content = WholeFile.Read(path, LargestBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnusableInputException($"{path}: cannot be read ({e.Message.TrimEnd('.')}): check the path and its rights");
        }

        signedBy?.Demand(path, content);
        using var text = new StreamReader(new MemoryStream(content)); // which knows a byte order mark
        return Parse(text.ReadToEnd(), path);
    }

    public static (StrictDocument Document, StrictSection Root) Parse(string text, string file)
    {
        var document = new StrictDocument(file);
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new UnusableInputException($"{file}:{e.Start.Line}: this is no YAML or JSON: {e.Message.Split('\n')[0].TrimEnd('.')}");
        }

        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // the library gives itself up so at some spoilt texts, and says nothing of where
            throw new UnusableInputException($"{file}: this is no YAML or JSON, from some line on");
        }

        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new UnusableInputException($"{file}: must hold one set of keys and values");
        }

        return (document, new StrictSection(document, root, ""));
    }

    public void Problem(YamlNode at, string text) => _problems.Add(((int)at.Start.Line, text));

    /// <exception cref="UnusableInputException">Something was wrong: all of it, in the order of lines.</exception>
    public void ThrowIfWrong()
    {
        if (_problems.Count == 0)
        {
            return;
        }

        var lines = new List<string>();
        foreach (var (line, text) in _problems.OrderBy(p => p.Line))
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{_file}:{line}: {text}"));
        }

        throw new UnusableInputException(lines);
    }
}
