using System.Globalization;
using System.Net;
using Forecast.Adapters.Drives;
using Forecast.Adapters.OpenCv;

namespace Forecast.Cli.Configuration;

/// <summary>
/// Turns the text of one path at a time into its value. What does not fit becomes an error and the default stands in, so that every
/// error is found in one pass.
/// </summary>
internal sealed class SettingReader(IReadOnlyDictionary<string, RawValue> values, List<ConfigurationError> errors)
{
    private const UnixFileMode OpenToOthers =
        UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly List<SettingValue> _read = [];
    private readonly List<string> _warnings = [];

    /// <summary>What was read, in the order of reading, secrets masked.</summary>
    public IReadOnlyList<SettingValue> Read => _read;

    /// <summary>What can be used and had better be otherwise.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    public Origin OriginOf(string path) => values.GetValueOrDefault(path)?.Origin ?? Origin.Default;

    public bool IsGiven(string path) => values.GetValueOrDefault(path)?.Text is not null;

    public void Fault(string path, string message)
    {
        var origin = OriginOf(path);
        errors.Add(new ConfigurationError(origin, NamesPath(origin, path) ? message : $"{path}: {message}"));
    }

    public string Name(string path, string standard)
    {
        var text = Text(path);
        if (text is null)
        {
            return Note(path, standard);
        }

        var fits = text.Length <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
        return Note(path, fits ? text : Refuse(path, text, standard));
    }

    public string? OptionalText(string path) => NoteOptional(path, Text(path));

    public int Whole(string path, int standard, int least, int most)
    {
        var text = Text(path);
        var value = standard;
        if (text is not null && !(int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most))
        {
            value = Refuse(path, text, standard);
        }

        Note(path, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    /// <summary>A number within a range; null when it is left out.</summary>
    public double? Number(string path, double least, double most)
    {
        var text = Text(path);
        if (text is null)
        {
            NoteOptional(path, null);
            return null;
        }

        if (!(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most))
        {
            return Refuse(path, text, least);
        }

        Note(path, value.ToString("R", CultureInfo.InvariantCulture));
        return value;
    }

    /// <summary>One of a few words; the position of the word that was chosen.</summary>
    public int Choice(string path, int standard, params ReadOnlySpan<string> words)
    {
        var text = Text(path);
        var chosen = text is null ? standard : words.IndexOf(text);
        if (chosen < 0)
        {
            var meant = Suggestion.For(text!, words.ToArray());
            Fault(path, $"\"{Shown(text!)}\" does not fit{(meant is null ? "; allowed" : $"; did you mean {meant}? Allowed")}: {Allowed(path)}");
            chosen = standard;
        }

        Note(path, words[chosen]);
        return chosen;
    }

    /// <summary>A file that must be there when it is named; its absolute path.</summary>
    public string? ExistingFile(string path)
    {
        var full = FilePath(path);
        if (full is not null && !File.Exists(full))
        {
            Fault(path, $"there is no file {full}; allowed: {Allowed(path)}");
        }

        return full;
    }

    /// <summary>The absolute path of a file or folder that may not be there yet.</summary>
    public string? FilePath(string path)
    {
        var text = Text(path);
        NoteOptional(path, text);
        return text is null ? null : Path.GetFullPath(text, OriginOf(path).Folder);
    }

    public string Address(string path, string standard)
    {
        var text = Text(path);
        var fits = text is null || IPAddress.TryParse(text, out _);
        return Note(path, fits ? text ?? standard : Refuse(path, text!, standard));
    }

    public BrokerAddress Broker(string path)
    {
        if (!BrokerAddress.TryParse(Text(path) ?? "embedded", out var address, out var fault))
        {
            Fault(path, $"{fault}; allowed: {Allowed(path)}");
            address = BrokerAddress.Embedded;
        }

        Note(path, address.ToString());
        return address;
    }

    public CameraSource? Camera(string path)
    {
        var text = Text(path);
        if (text is null)
        {
            return null;
        }

        var source = CameraSource.Parse(Rooted(text, OriginOf(path).Folder, out var missing), out var problem);
        if (source is null || missing.Length > 0)
        {
            Fault(path, source is null ? problem : $"there is no {missing}");
            return null;
        }

        var shown = CameraSource.Redact(text);
        if (shown != text && OriginOf(path).Kind == OriginKind.CommandLine)
        {
            Fault(path, $"a password on the command line can be seen by others: write it in the file, or in {SettingsSchema.EnvironmentName(path)}");
        }

        if (shown != text && OriginOf(path).File is { } file)
        {
            WarnIfOpen($"{path}: it has a password in it, and", file);
        }

        Note(path, shown);
        return source;
    }

    /// <summary>The variable that holds a secret; it may be set in the environment only, and its value is not kept.</summary>
    public string? SecretVariable(string path, string filePath)
    {
        if (!IsGiven(path))
        {
            return null;
        }

        if (OriginOf(path).Kind != OriginKind.Environment)
        {
            Fault(path, $"a secret is written neither here nor on the command line; allowed: {filePath}, or {Allowed(path)}");
            return null;
        }

        Note(path, "set");
        return OriginOf(path).Place;
    }

    /// <summary>A file whose first line is a secret; its absolute path.</summary>
    public string? SecretFile(string path) => SecretFile(path, (text, file) =>
        text.ReadLine() is null or "" ? $"the first line of {file} is empty" : null);

    /// <summary>A PEM file with a private key that needs no passphrase: nobody is there to type one. Its absolute path.</summary>
    public string? PrivateKeyFile(string path) => SecretFile(path, (text, file) =>
    {
        for (var line = 0; line < 3; line++)
        {
            if (text.ReadLine() is { } read && read.Contains("ENCRYPTED", StringComparison.Ordinal))
            {
                return $"the key in {file} has a passphrase, which nobody is there to type: openssl pkey -in {file} -out NEW, with rights for its owner only";
            }
        }

        return null;
    });

    private string? SecretFile(string path, Func<TextReader, string, string?> problemOf)
    {
        var file = ExistingFile(path);
        if (file is null || !File.Exists(file))
        {
            return file;
        }

        try
        {
            using var text = new StreamReader(file);
            if (problemOf(text, file) is { } problem)
            {
                Fault(path, problem);
            }

            WarnIfOpen($"{path}:", file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Fault(path, $"{file} cannot be read: {fault.Message}");
        }

        return file;
    }

    private void WarnIfOpen(string what, string file)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & OpenToOthers) != 0)
        {
            _warnings.Add($"{what} others may read or change {file}: chmod go=,u=rw {file}");
        }
    }

    /// <summary>The source with a recording's path made absolute; <paramref name="missing"/> names a file or folder that is not there.</summary>
    private static string Rooted(string source, string folder, out string missing)
    {
        missing = "";
        if (source.StartsWith("file:", StringComparison.Ordinal) && source.Length > 5)
        {
            var file = Path.GetFullPath(source[5..], folder);
            missing = File.Exists(file) ? "" : $"file {file}";
            return $"file:{file}";
        }

        if (source.StartsWith("images:", StringComparison.Ordinal) && source.Length > 7)
        {
            var pattern = Path.GetFullPath(source[7..], folder);
            var pictures = Directory.Exists(pattern) ? pattern : Path.GetDirectoryName(pattern);
            missing = Directory.Exists(pictures) ? "" : $"folder {pictures}";
            return $"images:{pattern}";
        }

        return source;
    }

    /// <summary>True where the place itself says which setting it is: an option, or --set and a variable of this very path.</summary>
    private static bool NamesPath(Origin origin, string path) => origin.Kind switch
    {
        OriginKind.CommandLine => origin.Place == $"--set {path}" || !origin.Place.StartsWith("--set ", StringComparison.Ordinal),
        OriginKind.Environment => origin.Place == SettingsSchema.EnvironmentName(path),
        _ => false,
    };

    private static string Allowed(string path) => SettingsSchema.Find(path)?.Allowed ?? throw new InvalidOperationException($"no setting {path}");

    private static string Shown(string text) => text.Length <= 60 ? text : text[..57] + "...";

    private string? Text(string path)
    {
        _ = Allowed(path);
        return values.GetValueOrDefault(path)?.Text;
    }

    private T Refuse<T>(string path, string text, T standard)
    {
        Fault(path, $"\"{Shown(text)}\" does not fit; allowed: {Allowed(path)}");
        return standard;
    }

    private string Note(string path, string text)
    {
        _read.Add(new SettingValue(path, text, IsGiven(path) ? OriginOf(path) : Origin.Default));
        return text;
    }

    private string? NoteOptional(string path, string? text)
    {
        if (text is not null)
        {
            Note(path, text);
        }

        return text;
    }
}
