using System.Globalization;
using System.Text.RegularExpressions;
using Forecast.Adapters.Drives;

namespace Forecast.Replay.Faults;

/// <summary>
/// Reads <c>TARGET=FAULT[:VALUE][@FROM[..TO]]</c>, for example <c>camera.front=frozen@5s..8s</c>, <c>camera.*=rate:5</c>,
/// <c>model=slow:80ms@3s</c>. Times are numbers with ms, s or min; without @ the fault lasts the whole run.
/// </summary>
public static partial class FaultSpec
{
    private const string CameraPrefix = "camera.";

    private static readonly Word[] Words =
    [
        new(FaultTarget.Camera, "unplugged", FaultKind.Unplugged, Unit.None),
        new(FaultTarget.Camera, "hung", FaultKind.Hung, Unit.None),
        new(FaultTarget.Camera, "crashed", FaultKind.Crashed, Unit.None),
        new(FaultTarget.Camera, "frozen", FaultKind.Frozen, Unit.None),
        new(FaultTarget.Camera, "black", FaultKind.Black, Unit.None),
        new(FaultTarget.Camera, "half", FaultKind.Half, Unit.Share),
        new(FaultTarget.Camera, "size", FaultKind.Size, Unit.None),
        new(FaultTarget.Camera, "rate", FaultKind.Rate, Unit.Hertz),
        new(FaultTarget.Camera, "jump", FaultKind.Jump, Unit.SignedTime),
        new(FaultTarget.Camera, "repeat", FaultKind.Repeat, Unit.None),
        new(FaultTarget.Camera, "back", FaultKind.Back, Unit.None),
        new(FaultTarget.Camera, "jitter", FaultKind.Jitter, Unit.Time),
        new(FaultTarget.Model, "slow", FaultKind.Slow, Unit.Time),
        new(FaultTarget.Model, "hung", FaultKind.Hung, Unit.None),
        new(FaultTarget.Model, "crashed", FaultKind.Crashed, Unit.None),
        new(FaultTarget.Model, "failed", FaultKind.Failed, Unit.None),
        new(FaultTarget.Model, "nan", FaultKind.Nan, Unit.None),
        new(FaultTarget.Sink, "slow", FaultKind.Slow, Unit.Time),
        new(FaultTarget.Sink, "busy", FaultKind.Busy, Unit.None),
        new(FaultTarget.Sink, "away", FaultKind.Away, Unit.None),
        new(FaultTarget.Clock, "step", FaultKind.Step, Unit.SignedTime),
    ];

    private enum Unit
    {
        None,
        Share,
        Hertz,
        Time,
        SignedTime,
    }

    /// <exception cref="UnusableInputException">With a line for each that cannot be understood.</exception>
    public static IReadOnlyList<Fault> ParseAll(IReadOnlyList<string> texts)
    {
        var faults = new List<Fault>();
        var problems = new List<string>();
        foreach (var text in texts)
        {
            try
            {
                faults.Add(Parse(text));
            }
            catch (FormatException wrong)
            {
                problems.Add($"--inject {text}: {wrong.Message}");
            }
        }

        return problems.Count == 0 ? faults : throw new UnusableInputException(problems);
    }

    /// <exception cref="FormatException">What is wrong, and what is known.</exception>
    private static Fault Parse(string text)
    {
        var parts = Shape().Match(text);
        if (!parts.Success)
        {
            throw new FormatException("it is not TARGET=FAULT[:VALUE][@FROM[..TO]], for example camera.front=frozen@5s..8s");
        }

        var (target, camera) = Target(parts.Groups["target"].Value);
        var word = Known(target, parts.Groups["fault"].Value);
        var from = parts.Groups["from"] is { Success: true } start ? Moment(start.Value) : TimeSpan.Zero;
        TimeSpan? until = parts.Groups["to"] is { Success: true } end ? Moment(end.Value) : null;
        return until <= from
            ? throw new FormatException("it would end before it begins; write @FROM..TO with TO after FROM")
            : new Fault(text, target, camera, word.Kind, Value(word, parts.Groups["value"]), from, until);
    }

    private static (FaultTarget Target, string? Camera) Target(string text)
    {
        if (text.StartsWith(CameraPrefix, StringComparison.Ordinal) && text.Length > CameraPrefix.Length)
        {
            return (FaultTarget.Camera, text[CameraPrefix.Length..]);
        }

        string[] known = ["model", "sink", "clock"];
        if (known.Contains(text, StringComparer.Ordinal))
        {
            return (Enum.Parse<FaultTarget>(text, ignoreCase: true), null);
        }

        var meant = text.StartsWith("camera", StringComparison.Ordinal) ? "camera.NAME" : Suggestion.For(text, known);
        throw new FormatException($"there is no target {text}{Meant(meant)}; known: camera.NAME, camera.*, {string.Join(", ", known)}");
    }

    private static Word Known(FaultTarget target, string name)
    {
        var known = Array.FindAll(Words, word => word.Target == target);
        return Array.Find(known, word => word.Name == name) ?? throw new FormatException(
            $"there is no fault {name} of a {Name(target)}{Meant(Suggestion.For(name, known.Select(word => word.Name)))}; known: {string.Join(", ", known.Select(word => word.Usage))}");
    }

    private static double Value(Word word, Group given)
    {
        if (word.Unit == Unit.None)
        {
            return given.Success ? throw new FormatException($"{word.Name} takes no value") : 0;
        }

        if (!given.Success)
        {
            return word.Unit == Unit.Share ? 1 : throw new FormatException($"{word.Name} needs a value: {word.Usage}");
        }

        double? value = word.Unit switch
        {
            Unit.Share => Number(given.Value) is > 0 and <= 1 and var share ? share : null,
            Unit.Hertz => Number(given.Value) is >= 0.1 and <= 1000 and var rate ? rate : null,
            Unit.Time => Time(given.Value) is { Ticks: > 0 } time ? time.TotalSeconds : null,
            _ => Time(given.Value) is { Ticks: not 0 } time ? time.TotalSeconds : null,
        };
        return value ?? throw new FormatException($"the value {given.Value} does not fit; {word.Usage}, {word.Allowed}");
    }

    private static TimeSpan Moment(string text) => Time(text) is { Ticks: >= 0 } time
        ? time
        : throw new FormatException($"the time {text} does not fit; a number with ms, s or min, for example 1500ms or 5s");

    /// <summary>Null where it is none, or longer than a day.</summary>
    private static TimeSpan? Time(string text)
    {
        var (unit, seconds) = text.EndsWith("ms", StringComparison.Ordinal) ? ("ms", 0.001) : text.EndsWith('s') ? ("s", 1.0) : text.EndsWith("min", StringComparison.Ordinal) ? ("min", 60.0) : ("", 0);
        return unit.Length > 0 && Number(text[..^unit.Length]) is { } number && Math.Abs(number * seconds) <= 86_400 ? TimeSpan.FromSeconds(number * seconds) : null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Name(FaultTarget target) => target.ToString().ToLowerInvariant();

    private static string Meant(string? meant) => meant is null ? "" : $"; did you mean {meant}?";

    [GeneratedRegex(@"^(?<target>[^=]+)=(?<fault>[^:@]+)(:(?<value>[^@]+))?(@(?<from>[^@]+?)(\.\.(?<to>[^@]+))?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();

    private sealed record Word(FaultTarget Target, string Name, FaultKind Kind, Unit Unit)
    {
        public string Usage => Unit switch
        {
            Unit.None => Name,
            Unit.Share => $"{Name}[:SHARE]",
            Unit.Hertz => $"{Name}:HERTZ",
            _ => $"{Name}:TIME",
        };

        public string Allowed => Unit switch
        {
            Unit.Share => "SHARE over 0 and up to 1",
            Unit.Hertz => "HERTZ from 0.1 to 1000",
            Unit.Time => "TIME for example 80ms",
            _ => "TIME for example 2s or -500ms",
        };
    }
}
