using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// One place in a JSON document. Reading never throws: what is missing or out of range goes to the list of problems, once, and a
/// harmless value comes back, so that one pass finds every fault.
/// </summary>
internal sealed class JsonField
{
    private readonly JsonElement? _element;
    private readonly string _path;
    private readonly List<string> _problems;
    private readonly string _file;
    private bool _reported;

    private JsonField(JsonElement? element, string path, List<string> problems, string file)
    {
        _element = element;
        _path = path;
        _problems = problems;
        _file = file;
    }

    /// <summary>False where the document has nothing here; that has been reported already.</summary>
    public bool Exists => _element is not null;

    public bool IsArray => _element?.ValueKind == JsonValueKind.Array;

    /// <param name="file">How problems name the document.</param>
    public static JsonField Root(JsonElement element, List<string> problems, string file = "model.json") => new(element, "", problems, file);

    public JsonField Required(string name)
    {
        var child = Child(name);
        if (child.Exists && child._element!.Value.ValueKind != JsonValueKind.Null)
        {
            return child;
        }

        if (_element is { ValueKind: JsonValueKind.Object })
        {
            _problems.Add($"{_file}: {child._path} is missing");
        }
        else
        {
            Report("must be an object");
        }

        return new JsonField(null, child._path, _problems, _file);
    }

    /// <summary>A field that may be left out or null.</summary>
    public JsonField? Optional(string name)
    {
        var child = Child(name);
        return child._element is { ValueKind: not JsonValueKind.Null } ? child : null;
    }

    public string Text()
    {
        if (_element is { ValueKind: JsonValueKind.String } element && !string.IsNullOrWhiteSpace(element.GetString()))
        {
            return element.GetString()!;
        }

        Report("must be text that is not empty");
        return "";
    }

    /// <summary>Text of which this program knows one form only.</summary>
    public void Exactly(string expected)
    {
        if (Exists && Text() is var text && !_reported && text != expected)
        {
            Report($"is \"{text}\"; this program reads \"{expected}\"");
        }
    }

    public bool Flag()
    {
        if (_element?.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return _element.Value.GetBoolean();
        }

        Report("must be true or false");
        return false;
    }

    public double Number(double least, double most)
    {
        if (_element is { ValueKind: JsonValueKind.Number } element && element.TryGetDouble(out var value) && value >= least && value <= most)
        {
            return value;
        }

        Report($"must be a number from {Invariant(least)} to {Invariant(most)}");
        return least;
    }

    /// <summary>A number above zero.</summary>
    public double Positive(double most)
    {
        var value = Number(0, most);
        if (Exists && !_reported && value == 0)
        {
            Report($"must be above 0 and at most {Invariant(most)}");
        }

        return value;
    }

    public int Whole(int least, int most)
    {
        if (_element is { ValueKind: JsonValueKind.Number } element && element.TryGetInt32(out var value) && value >= least && value <= most)
        {
            return value;
        }

        Report($"must be a whole number from {least} to {most}");
        return least;
    }

    /// <summary>The entries of an array; <paramref name="count"/> says how many there must be, null at least one.</summary>
    public IReadOnlyList<JsonField> Items(int? count = null, bool mayBeEmpty = false)
    {
        if (_element is not { ValueKind: JsonValueKind.Array } array)
        {
            Report("must be a list");
            return [];
        }

        var items = new List<JsonField>();
        foreach (var item in array.EnumerateArray())
        {
            items.Add(new JsonField(item, $"{_path}[{items.Count}]", _problems, _file));
        }

        if (count is { } wanted ? items.Count != wanted : items.Count == 0 && !mayBeEmpty)
        {
            Report(count is null ? "must have at least one entry" : $"has {items.Count} entries; it must have {count}");
        }

        return items;
    }

    public IReadOnlyList<double> Numbers(double least, double most, int? count = null, bool mayBeEmpty = false)
    {
        var items = Items(count, mayBeEmpty);
        var numbers = new double[items.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = items[i].Number(least, most);
        }

        return numbers;
    }

    /// <summary>As <see cref="Numbers"/>, each above the one before.</summary>
    public IReadOnlyList<double> Increasing(double least, double most, int? count = null, bool mayBeEmpty = false)
    {
        var numbers = Numbers(least, most, count, mayBeEmpty);
        for (var i = 1; i < numbers.Count; i++)
        {
            if (numbers[i] <= numbers[i - 1])
            {
                Report("must increase from entry to entry");
                break;
            }
        }

        return numbers;
    }

    /// <summary>Base64 of little-endian float32, <paramref name="count"/> of them, each finite; any number where the count is not known (0).</summary>
    public float[] Floats(int count)
    {
        if (_element is { ValueKind: JsonValueKind.String } element && element.TryGetBytesFromBase64(out var bytes) && bytes.Length % sizeof(float) == 0 && bytes.Length > 0)
        {
            var values = new float[bytes.Length / sizeof(float)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
            }

            if (count != 0 && values.Length != count)
            {
                Report($"holds {values.Length} numbers; the observed map has {count} cells");
            }
            else if (Array.Exists(values, value => !float.IsFinite(value)))
            {
                Report("holds a number that is not finite");
            }

            return values;
        }

        Report("must be base64 of little-endian float32");
        return [];
    }

    public string[] Names()
    {
        var items = Items();
        var names = new string[items.Count];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = items[i].Text();
            if (names[i].Length > 0 && Array.IndexOf(names, names[i], 0, i) >= 0)
            {
                items[i].Report($"\"{names[i]}\" stands there twice");
            }
        }

        return names;
    }

    /// <summary>A size in a shape: a number, or the name of a dynamic axis.</summary>
    public Axis AxisSize() => _element is { ValueKind: JsonValueKind.String }
        ? new Axis(Text(), 0)
        : new Axis(null, Whole(1, int.MaxValue));

    /// <summary>Notes a fault of this place, the first one only: what follows from it would be noise.</summary>
    public void Report(string what)
    {
        if (Exists && !_reported)
        {
            _reported = true;
            _problems.Add(_path.Length == 0 ? $"{_file} {what}" : $"{_file}: {_path} {what}");
        }
    }

    private static string Invariant(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private JsonField Child(string name)
    {
        var path = _path.Length == 0 ? name : $"{_path}.{name}";
        return _element is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var child)
            ? new JsonField(child, path, _problems, _file)
            : new JsonField(null, path, _problems, _file);
    }
}
