using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Forecast.Adapters.Drives;

/// <summary>One mapping of the file. Values that are missing or wrong are told to the document and stand as their least harmful value.</summary>
internal sealed class StrictSection(StrictDocument document, YamlMappingNode node, string path)
{
    private readonly HashSet<string> _known = [];

    public string Text(string key, string whatIsAllowed = "a text", string? fallback = null)
    {
        if (Find(key, required: fallback is null, whatIsAllowed) is not { } value)
        {
            return fallback ?? "";
        }

        if (value is YamlScalarNode { Value: { Length: > 0 } text })
        {
            return text;
        }

        Wrong(key, value, whatIsAllowed);
        return "";
    }

    public T Choice<T>(string key, T fallback, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        var names = string.Join(", ", choices.ToArray().Select(c => c.Name));
        var text = Text(key, "one of " + names, fallback: "\0");
        foreach (var (name, value) in choices)
        {
            if (name == text)
            {
                return value;
            }
        }

        if (text == "\0")
        {
            document.Problem(node, $"{At(key)} is missing: one of {names}");
        }
        else if (text.Length > 0)
        {
            Wrong(key, Find(key, false, "")!, "one of " + names, Suggestion.For(text, choices.ToArray().Select(c => c.Name)));
        }

        return fallback;
    }

    /// <summary>A finite number of the range; <paramref name="fallback"/> null: it must be there.</summary>
    public double Number(string key, double least, double most, double? fallback = null)
    {
        var allowed = string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}");
        return Find(key, fallback is null, allowed) is { } value ? NumberOf(key, value, least, most, allowed) : fallback ?? least;
    }

    public double? OptionalNumber(string key, double least, double most) =>
        Find(key, required: false, "") is null || IsNull(key) ? null : Number(key, least, most);

    public int Whole(string key, int least, int most)
    {
        var number = Number(key, least, most);
        if (number != Math.Floor(number))
        {
            Wrong(key, Find(key, false, "")!, "a whole number");
        }

        return (int)number;
    }

    public bool? OptionalFlag(string key) => Find(key, required: false, "") switch
    {
        null => null,
        YamlScalarNode { Value: "true" } => true,
        YamlScalarNode { Value: "false" } => false,
        var other => Wrong(key, other, "true or false") is null ? null : null,
    };

    public bool IsNull(string key) => Find(key, required: false, "") is YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "~" or "" };

    public double[] Numbers(string key, double least, double most, params ReadOnlySpan<int> counts)
    {
        var allowed = string.Create(CultureInfo.InvariantCulture, $"a list of {string.Join(" or ", counts.ToArray())} numbers from {least} to {most}");
        if (Find(key, required: true, allowed) is not { } value)
        {
            return new double[counts[0]];
        }

        if (value is not YamlSequenceNode list || !counts.Contains(list.Children.Count))
        {
            Wrong(key, value, allowed);
            return new double[counts[0]];
        }

        var numbers = new double[list.Children.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = NumberOf($"{key}[{i}]", list.Children[i], least, most, allowed);
        }

        return numbers;
    }

    public StrictSection Section(string key)
    {
        var value = Find(key, required: true, "a section of keys and values");
        if (value is YamlMappingNode mapping)
        {
            return new StrictSection(document, mapping, At(key));
        }

        if (value is not null)
        {
            Wrong(key, value, "a section of keys and values");
        }

        return Absent(key);
    }

    public StrictSection? OptionalSection(string key) => Find(key, required: false, "") is null || IsNull(key) ? null : Section(key);

    public List<StrictSection> Sections(string key, string whatIsAllowed)
    {
        var sections = new List<StrictSection>();
        var value = Find(key, required: true, whatIsAllowed);
        if (value is YamlSequenceNode { Children.Count: > 0 } list)
        {
            for (var i = 0; i < list.Children.Count; i++)
            {
                if (list.Children[i] is YamlMappingNode mapping)
                {
                    sections.Add(new StrictSection(document, mapping, $"{At(key)}[{i}]"));
                }
                else
                {
                    document.Problem(list.Children[i], $"{At(key)}[{i}] must be a section of keys and values");
                }
            }
        }
        else if (value is not null)
        {
            Wrong(key, value, whatIsAllowed);
        }

        return sections;
    }

    /// <summary>Keys that are there and that nobody looks at.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            _known.Add(key);
        }
    }

    public void Problem(string key, string text) => document.Problem(Find(key, false, "") ?? node, $"{At(key)}: {text}");

    /// <summary>Names every key that was never asked for.</summary>
    public void RefuseUnknown()
    {
        foreach (var (key, _) in node.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (!_known.Contains(name))
            {
                var near = Suggestion.For(name, _known);
                document.Problem(key, $"{At(name)} is no known key: " + (near is null ? "allowed are " + string.Join(", ", _known.Order()) : $"did you mean {near}?"));
            }
        }
    }

    private string At(string key) => path.Length == 0 ? key : $"{path}.{key}";

    // Stands for a section that is missing: whatever it is asked for is reported once, as the section itself.
    private StrictSection Absent(string key) => new(StrictDocument.Parse("{}", "").Document, new YamlMappingNode(), At(key));

    private YamlNode? Find(string key, bool required, string whatIsAllowed)
    {
        _known.Add(key);
        if (node.Children.TryGetValue(new YamlScalarNode(key), out var value))
        {
            return value;
        }

        if (required)
        {
            document.Problem(node, $"{At(key)} is missing: {whatIsAllowed}");
        }

        return null;
    }

    private double NumberOf(string key, YamlNode value, double least, double most, string allowed)
    {
        if (value is YamlScalarNode { Value: { } text } && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        Wrong(key, value, allowed);
        return least;
    }

    private string? Wrong(string key, YamlNode value, string whatIsAllowed, string? suggestion = null)
    {
        var text = value is YamlScalarNode scalar ? $"'{scalar.Value}' is not allowed" : "this is not allowed";
        document.Problem(value, $"{At(key)}: {text}: {whatIsAllowed}" + (suggestion is null ? "" : $"; did you mean {suggestion}?"));
        return null;
    }
}
