using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Forecast.Cli.Configuration;

/// <summary>
/// Reads YAML (and so JSON) into nodes that know their line and column. Built on the parser's events and not on its object model, so
/// that every repeated key is reported, and no depth of brackets and no chain of aliases can exhaust the process.
/// </summary>
internal sealed class YamlTree
{
    private const int LargestDepth = 16;
    private const int MostNodes = 10_000;

    private readonly Parser _parser;
    private readonly Func<Mark, Origin> _origin;
    private readonly List<ConfigurationError> _errors;
    private readonly Dictionary<AnchorName, ConfigNode> _anchors = [];
    private int _nodes;

    private YamlTree(TextReader text, Func<Mark, Origin> origin, List<ConfigurationError> errors)
    {
        _parser = new Parser(text);
        _origin = origin;
        _errors = errors;
    }

    /// <summary>The document's one node, or null when it is empty or not to be read; what is wrong goes into <paramref name="errors"/>.</summary>
    public static ConfigNode? Read(TextReader text, Func<Mark, Origin> origin, List<ConfigurationError> errors)
    {
        try
        {
            return new YamlTree(text, origin, errors).Document();
        }
        catch (YamlException fault)
        {
            errors.Add(new ConfigurationError(origin(fault.Start), $"this is not YAML: {fault.Message.TrimEnd('.')}"));
            return null;
        }
        catch (InvalidOperationException)
        {
            // the library's scanner gives itself up so at some spoilt texts, and says nothing of where
            errors.Add(new ConfigurationError(origin(Mark.Empty), "this is not YAML, from some line on"));
            return null;
        }
    }

    private ConfigNode? Document()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }

        var root = Node(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            _errors.Add(new ConfigurationError(_origin(second.Start), "a second document begins here; one is allowed"));
        }

        return root;
    }

    private ConfigNode Node(int depth)
    {
        if (depth > LargestDepth || ++_nodes > MostNodes)
        {
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, depth > LargestDepth ? "nested too deeply" : "too many values");
        }

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.TryGetValue(alias.Value, out var known)
                ? known
                : throw new YamlException(alias.Start, alias.End, $"nothing before this is named &{alias.Value}");
        }

        if (_parser.Current is not NodeEvent start)
        {
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, "a value is missing here");
        }

        ConfigNode node = start switch
        {
            Scalar => Text(),
            MappingStart => Mapping(depth),
            _ => List(depth),
        };
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor] = node;
        }

        return node;
    }

    private ConfigScalar Text()
    {
        var scalar = _parser.Consume<Scalar>();
        var isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
        return new ConfigScalar(isNull ? null : scalar.Value, _origin(scalar.Start));
    }

    private ConfigMapping Mapping(int depth)
    {
        var entries = new List<ConfigEntry>();
        var start = _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                throw new YamlException(_parser.Current!.Start, _parser.Current.End, "a key must be a word");
            }

            var entry = new ConfigEntry(key.Value, _origin(key.Start), Node(depth + 1));
            var first = entries.Find(other => other.Key == entry.Key);
            if (first is null)
            {
                entries.Add(entry);
            }
            else
            {
                _errors.Add(new ConfigurationError(entry.KeyOrigin, $"{entry.Key} stands here again; it is already on line {first.KeyOrigin.Line}"));
            }
        }

        return new ConfigMapping(entries, _origin(start.Start));
    }

    private ConfigList List(int depth)
    {
        var items = new List<ConfigNode>();
        var start = _parser.Consume<SequenceStart>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Node(depth + 1));
        }

        return new ConfigList(items, _origin(start.Start));
    }
}
