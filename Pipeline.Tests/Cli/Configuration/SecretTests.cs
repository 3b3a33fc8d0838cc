using System.Runtime.Versioning;
using System.Text.Json;
using Forecast.Cli.Configuration;

namespace Forecast.Pipeline.Tests.Cli.Configuration;

/// <summary>What is secret shows nowhere: not in errors, records, JSON, or the list of settings.</summary>
public sealed class SecretTests : IDisposable
{
    private const string Hidden = "hunter2";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_PasswordsEverywhere_AreShownNowhere()
    {
        _folder.Write("password", $"{Hidden}\nsecond line\n");
        var settings = Load(
            "broker: {url: 'mqtt://localhost', user: u, password_file: password}\n" +
            "cameras:\n" +
            $"- {{name: a, source: 'rtsp://me:{Hidden}@10.0.0.1/s?token={Hidden}&x=1'}}\n" +
            $"- {{name: b, source: 'gst:rtspsrc location=rtsp://me:{Hidden}@h user-pw={Hidden} ! appsink'}}\n" +
            $"- {{name: c, source: 'http://me:{Hidden}@h/video'}}\n");

        Assert.Equal(_folder.At("password"), settings.Broker.PasswordFile);
        Assert.Contains($"me:{Hidden}@", settings.Cameras[0].Source.Address, StringComparison.Ordinal);
        Assert.Equal("rtsp://***@10.0.0.1/s?token=***&x=1", settings.Cameras[0].Source.ToString());
        AssertHidden(settings.ToString());
        AssertHidden(settings.Broker.ToString());
        AssertHidden(JsonSerializer.Serialize(settings));
        AssertHidden(string.Join('\n', settings.Values));
        AssertHidden(string.Join('\n', settings.Cameras));
    }

    [Fact]
    public void Load_PasswordInTheEnvironment_IsNamedAndChangesNoFingerprint()
    {
        const string Yaml = "broker: {url: 'mqtt://localhost', user: u}\n";
        var one = Load(Yaml, ("FORECAST_BROKER_PASSWORD", Hidden));
        var two = Load(Yaml, ("FORECAST_BROKER_PASSWORD", "another"));

        Assert.Equal("FORECAST_BROKER_PASSWORD", one.Broker.PasswordVariable);
        Assert.Equal(one.Sha256, two.Sha256);
        Assert.Contains(one.Values, value => value is { Path: "broker.password", Text: "set", Origin.Place: "FORECAST_BROKER_PASSWORD" });
        AssertHidden(one.ToString());
    }

    [Theory]
    [InlineData("broker: {url: 'mqtt://me:hunter2@h'}")]
    [InlineData("broker: {url: 'mqtt://me:hunter2@h:99999'}")]
    [InlineData("broker: {url: 'mqtt://localhost', user: u, password: hunter2}")]
    [InlineData("broker: {url: 'mqtt://localhost', user: u, password: [hunter2]}")]
    [InlineData("cameras: [{name: a, source: 'rtps://me:hunter2@h'}]")]
    [InlineData("cameras: [{name: a, source: 'gst:rtspsrc user-pw=hunter2'}]")]
    public void Load_SecretInABadPlace_IsNotRepeatedInTheError(string yaml)
    {
        var fault = Assert.Throws<ConfigurationException>(() => Load(yaml));

        AssertHidden(string.Join('\n', fault.Lines));
        AssertHidden(fault.ToString());
    }

    [Fact]
    public void Load_SecretOnTheCommandLine_IsRefused()
    {
        var fault = Assert.Throws<ConfigurationException>(() => SettingsLoader.Load(new SettingsInput(
            null,
            [
                new SettingOverride("broker.password", Hidden, "--set broker.password"),
                new SettingOverride("cameras", $"[{{name: a, source: 'rtsp://me:{Hidden}@h/s'}}]", "--set cameras"),
            ],
            new Dictionary<string, string>(),
            _folder.Path,
            _folder.Path)));

        Assert.Equal(
        [
            "--set broker.password: a secret is written neither here nor on the command line; allowed: broker.password_file, or FORECAST_BROKER_PASSWORD in the environment only",
            "--set cameras: cameras[0].source: a password on the command line can be seen by others: write it in the file, or in FORECAST_CAMERAS_0_SOURCE",
        ],
        fault.Lines.Order());
    }

    [UnsupportedOSPlatform("windows")]
    [Theory]
    [InlineData("rw-------", false)]
    [InlineData("rw-r-----", false)]
    [InlineData("rw-r--r--", true)]
    [InlineData("rw-rw----", true)]
    public void Load_SecretFileThatOthersCanRead_IsWarnedOfByItsNameAlone(string rights, bool warned)
    {
        foreach (var name in new[] { "password", "key", "car.yaml" })
        {
            File.SetUnixFileMode(_folder.Write(name, $"{Hidden}\n"), ModeOf(rights));
        }

        var warnings = Load(
            "broker: {url: 'mqtts://h', user: u, password_file: password, cert_file: key, key_file: key}\n" +
            $"cameras: [{{name: a, source: 'rtsp://me:{Hidden}@h/s'}}, {{name: b, source: 'rtsp://h/s'}}]\n").Warnings;

        string[] expected =
        [
            $"cameras[0].source: it has a password in it, and others may read or change {_folder.At("car.yaml")}: chmod go=,u=rw {_folder.At("car.yaml")}",
            $"broker.password_file: others may read or change {_folder.At("password")}: chmod go=,u=rw {_folder.At("password")}",
            $"broker.key_file: others may read or change {_folder.At("key")}: chmod go=,u=rw {_folder.At("key")}",
        ];
        Assert.Equal(warned ? expected : [], warnings);
    }

    [Fact]
    public async Task Doctor_WithSecretsEverywhere_ShowsNone()
    {
        _folder.Write("password", $"{Hidden}\n");
        _folder.Write("key", $"-----BEGIN PRIVATE KEY-----\n{Hidden}\n-----END PRIVATE KEY-----\n");
        _folder.Write("car.yaml", $"broker: {{url: 'mqtts://localhost:1', user: u, password_file: password, cert_file: key, key_file: key}}\ncameras: [{{name: a, source: 'rtsp://me:{Hidden}@h/s'}}]\n");
        foreach (var how in new[] { "--json", "--quiet" })
        {
            var run = new CliRun(_folder.Path, environment: new Dictionary<string, string> { ["FORECAST_CAMERAS_0_SOURCE"] = $"rtsp://me:{Hidden}@h/s" });
            await run.InvokeAsync("doctor", "--config", "car.yaml", how);

            Assert.Contains(how == "--json" ? "broker.key_file" : "warning", run.Output + run.Error, StringComparison.Ordinal);
            AssertHidden(run.Output + run.Error);
        }
    }

    private static UnixFileMode ModeOf(string rights)
    {
        var mode = 0;
        foreach (var letter in rights)
        {
            mode = (mode << 1) | (letter == '-' ? 0 : 1);
        }

        return (UnixFileMode)mode;
    }

    private static void AssertHidden(string text) => Assert.DoesNotContain(Hidden, text, StringComparison.Ordinal);

    private Settings Load(string yaml, params (string Name, string Value)[] environment)
    {
        _folder.Write("car.yaml", yaml);
        return SettingsLoader.Load(new SettingsInput("car.yaml", [], environment.ToDictionary(pair => pair.Name, pair => pair.Value), _folder.Path, _folder.Path));
    }
}
