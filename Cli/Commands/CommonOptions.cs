using System.CommandLine;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Commands;

/// <summary>
/// The options that commands share. Values stay text here: they are settings like those of the file and are checked with them, so that
/// one run shows every error.
/// </summary>
internal sealed class CommonOptions
{
    private readonly Option<string?> _config = new("--config") { Description = "the configuration, a YAML file", HelpName = "FILE" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "any setting of the configuration, for example --set model.provider=cpu; may be repeated",
        HelpName = "PATH=VALUE",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _json = new("--json") { Description = "the result as JSON on standard output, all else on standard error" };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "warnings and errors only" };

    private readonly List<(Option<string?> Option, string Path)> _shorthands = [];

    private CommonOptions()
    {
    }

    /// <summary>Adds --config, --set, --json and --quiet, and the shorthands of these settings.</summary>
    public static CommonOptions AddTo(Command command, params ReadOnlySpan<string> paths)
    {
        var options = new CommonOptions();
        command.Add(options._config);
        foreach (var path in paths)
        {
            var option = Shorthand(path);
            options._shorthands.Add((option, path));
            command.Add(option);
        }

        command.Add(options._set);
        command.Add(options._json);
        command.Add(options._quiet);
        return options;
    }

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    public bool Quiet(ParseResult parsed) => parsed.GetValue(_quiet);

    /// <exception cref="ConfigurationException">With every error in the configuration.</exception>
    /// <exception cref="UsageException">A --set without a name.</exception>
    public Settings LoadSettings(ParseResult parsed, CommandHost host) =>
        SettingsLoader.Load(new SettingsInput(parsed.GetValue(_config), Overrides(parsed), host.Environment, host.CurrentFolder, host.InstallationRoot));

    private static Option<string?> Shorthand(string path)
    {
        var (name, value, description) = path switch
        {
            "vehicle" => ("--vehicle", "NAME", "the vehicle's name, a level of the topics"),
            "model.dir" => ("--model", "DIR", "the world model's folder; default models/nano of the installation"),
            "model.calibration" => ("--calibration", "FILE", "what forecast calibrate found out about this rig"),
            "broker.url" => ("--broker", "URL", "mqtt://HOST[:PORT], mqtts://HOST[:PORT], or embedded"),
            "rig" => ("--rig", "FILE", "the cameras' calibration"),
            "manoeuvres" => ("--manoeuvres", "N", "candidate manoeuvres to imagine: 16, 8 or 1"),
            "metrics.port" => ("--metrics", "PORT", "port of /metrics for Prometheus; 0 = off"),
            "dashboard.port" => ("--dashboard", "PORT", "port of the dashboard's page on this machine; 0 = off"),
            "summary" => ("--summary", "FILE", "write a summary as JSON when the command ends"),
            _ => throw new ArgumentOutOfRangeException(nameof(path), path, "has no option of its own"),
        };
        return new Option<string?>(name) { HelpName = value, Description = description };
    }

    private List<SettingOverride> Overrides(ParseResult parsed)
    {
        var overrides = new List<SettingOverride>();
        foreach (var (option, path) in _shorthands)
        {
            if (parsed.GetValue(option) is { } value)
            {
                overrides.Add(new SettingOverride(path, value, option.Name));
            }
        }

        foreach (var text in parsed.GetValue(_set) ?? [])
        {
            var equals = text.IndexOf('=');
            if (equals <= 0)
            {
                throw new UsageException("--set needs PATH=VALUE, for example --set budget_ms=100");
            }

            overrides.Add(new SettingOverride(text[..equals], text[(equals + 1)..], $"--set {text[..equals]}"));
        }

        return overrides;
    }
}
