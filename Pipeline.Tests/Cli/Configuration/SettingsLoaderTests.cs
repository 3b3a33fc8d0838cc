using Forecast.Adapters.Drives;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;

namespace Forecast.Pipeline.Tests.Cli.Configuration;

public sealed class SettingsLoaderTests : IDisposable
{
    private const string MinisignKeyText = "untrusted comment: of the tests\nRWQAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n";

    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_NothingGiven_IsTheDefaults()
    {
        var settings = Load(null);

        Assert.Equal("vehicle-1", settings.Vehicle);
        Assert.Equal(16, settings.Manoeuvres);
        Assert.True(settings.Broker.Address.IsEmbedded);
        Assert.Equal(_folder.At("models/nano"), settings.Model.Folder);
        Assert.Equal(TimeSpan.FromMilliseconds(50), settings.BudgetFor(TimeSpan.FromMilliseconds(50)));
        Assert.False(settings.Recorded);
        Assert.Equal(OriginKind.Default, settings.OriginOf("metrics.port").Kind);
    }

    [Fact]
    public void Load_SameSettingEverywhere_CommandLineBeatsEnvironmentBeatsFile()
    {
        const string Yaml = "vehicle: from-file\nbudget_ms: 60\nmetrics: {port: 1000}\n";
        _environment["FORECAST_VEHICLE"] = "from-environment";
        _environment["FORECAST_BUDGET_MS"] = "70";

        var settings = Load(Yaml, new SettingOverride("vehicle", "from-option", "--vehicle"));

        Assert.Equal("from-option", settings.Vehicle);
        Assert.Equal("--vehicle", settings.OriginOf("vehicle").Place);
        Assert.Equal(TimeSpan.FromMilliseconds(70), settings.Budget);
        Assert.Equal("FORECAST_BUDGET_MS", settings.OriginOf("budget_ms").Place);
        Assert.Equal(1000, settings.Metrics.Port);
        Assert.Equal("car.yaml:3:17", settings.OriginOf("metrics.port").Place);
    }

    [Fact]
    public void Load_EmptyValueFromStrongerPlace_GoesBackToTheDefault()
    {
        var settings = Load("vehicle: from-file\n", new SettingOverride("vehicle", "", "--set vehicle"));

        Assert.Equal("vehicle-1", settings.Vehicle);
    }

    [Fact]
    public void Load_CamerasFromFileEnvironmentAndSet_ArePutTogether()
    {
        _environment["FORECAST_CAMERAS_1_SOURCE"] = "device:7";

        var settings = Load(
            "cameras:\n- {name: a, source: 'device:0'}\n- {name: b, source: 'device:1'}\n",
            new SettingOverride("cameras[2].name", "c", "--set cameras[2].name"),
            new SettingOverride("cameras[2].source", "gst:videotestsrc ! appsink", "--set cameras[2].source"));

        Assert.Equal(["a 0", "b 7", "c videotestsrc ! appsink"], settings.Cameras.Select(camera => $"{camera.Name} {camera.Source}"));
    }

    [Fact]
    public void Load_CamerasSetWhole_ReplacesThoseOfTheFile()
    {
        var settings = Load(
            "cameras:\n- {name: a, source: 'device:0'}\n- {name: b, source: 'device:1'}\n",
            new SettingOverride("cameras", "[{name: z, source: 'device:9'}]", "--set cameras"));

        Assert.Equal(["z 9"], settings.Cameras.Select(camera => $"{camera.Name} {camera.Source}"));
    }

    [Fact]
    public void Load_RelativePaths_AreTakenFromTheFileOrTheCurrentFolder()
    {
        _folder.Write("cars/rig.json", "{}");
        _folder.Write("here.mp4", "");

        var settings = LoadAt("cars/car.yaml", "rig: rig.json\n", new SettingOverride("cameras", "[{name: a, source: 'file:here.mp4'}]", "--set cameras"));

        Assert.Equal(_folder.At("cars/rig.json"), settings.RigFile);
        Assert.Equal(_folder.At("here.mp4"), settings.Cameras[0].Source.Address);
        Assert.True(settings.Recorded);
    }

    [Theory]
    [InlineData("FORECAST_VEHICEL", "FORECAST_VEHICEL: this is not a setting; did you mean FORECAST_VEHICLE?")]
    [InlineData("FORECAST_BROKER_URI", "FORECAST_BROKER_URI: this is not a setting; did you mean FORECAST_BROKER_URL?")]
    public void Load_MisspeltVariable_IsAnError(string name, string expected)
    {
        _environment[name] = "x";

        Assert.Equal([expected], Assert.Throws<ConfigurationException>(() => Load(null)).Lines);
    }

    [Fact]
    public void Load_VariableUnlikeAnySetting_IsLeftAlone()
    {
        _environment["FORECAST_TELEMETRY_LICENSE_SERVER"] = "x";

        Assert.Equal("vehicle-1", Load(null).Vehicle);
    }

    [Theory]
    [InlineData("budget", "--set budget: this is not a setting; did you mean budget_ms?")]
    [InlineData("broker", "--set broker: this has parts; set one of broker.url, broker.protection, broker.user, broker.password, broker.password_file")]
    public void Load_SetOfNoSetting_SaysWhatThereIs(string path, string expectedStart)
    {
        var fault = Assert.Throws<ConfigurationException>(() => Load(null, new SettingOverride(path, "1", $"--set {path}")));

        Assert.StartsWith(expectedStart, Assert.Single(fault.Lines), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("/var/lib/forecast:/var/lib/other", "/x", "/home/a", "/var/lib/forecast/car/events.journal")]
    [InlineData(null, "/x", "/home/a", "/x/forecast/car/events.journal")]
    [InlineData(null, "relative", "/home/a", "/home/a/.local/state/forecast/car/events.journal")]
    [InlineData(null, null, "/home/a", "/home/a/.local/state/forecast/car/events.journal")]
    [InlineData(null, null, null, null)]
    public void Load_WithoutAnOutbox_ItLiesInTheStateFolderOfTheVehicle(string? service, string? user, string? home, string? path)
    {
        foreach (var (name, value) in new[] { ("STATE_DIRECTORY", service), ("XDG_STATE_HOME", user), ("HOME", home) })
        {
            if (value is not null)
            {
                _environment[name] = value;
            }
        }

        var outbox = Load("vehicle: car\n").Outbox!;

        Assert.Equal((path, 1 << 22), (outbox.Path, outbox.Bytes));
    }

    [Fact]
    public void Load_OutboxGiven_IsRelativeToItsOriginAndNoneIsNone()
    {
        Assert.Equal(_folder.At("events.journal"), Load("outbox: {path: events.journal, bytes: 65536}\n").Outbox!.Path);
        Assert.Null(Load("outbox: {path: none}\n").Outbox);
    }

    [Fact]
    public void Load_SetTwice_IsAnError()
    {
        var fault = Assert.Throws<ConfigurationException>(() => Load(
            null, new SettingOverride("broker.url", "mqtt://127.0.0.1:1", "--broker"), new SettingOverride("broker.url", "mqtt://127.0.0.1:2", "--set broker.url")));

        Assert.Equal(["--set broker.url: this is already set by --broker"], fault.Lines);
    }

    [Fact]
    public void Sha256_SameSettingsWrittenOtherwise_IsTheSame()
    {
        var one = Load("# a comment\nvehicle: car\nbudget_ms: 80\nsummary: here.json\n");
        var two = Load("{\"budget_ms\": 80.0, \"vehicle\": \"car\"}");

        Assert.Matches("^[0-9a-f]{64}$", one.Sha256);
        Assert.Equal(one.Sha256, two.Sha256);
        Assert.NotEqual(one.Sha256, Load("vehicle: car\nbudget_ms: 81\n").Sha256);
    }

    [Fact]
    public void Schema_EveryKey_IsReadAndCanBeSetByItsVariable()
    {
        _folder.Write("m/model.json", "{}");
        _folder.Write("file", "x");
        _folder.Write("key", MinisignKeyText);
        var given = new Dictionary<string, string>
        {
            ["vehicle"] = "v", ["source"] = "recorded", ["rig"] = "file", ["cameras[0].name"] = "a", ["cameras[0].source"] = "device:1", ["budget_ms"] = "90",
            ["manoeuvres"] = "8", ["model.dir"] = "m", ["model.calibration"] = "file", ["model.key"] = "key", ["model.provider"] = "cpu", ["model.threads"] = "3", ["broker.url"] = "mqtts://h:1", ["broker.protection"] = "tls", ["broker.user"] = "u",
            ["broker.password_file"] = "file", ["broker.ca_file"] = "file", ["broker.cert_file"] = "file", ["broker.key_file"] = "file",
            ["broker.encoding"] = "protobuf", ["metrics.port"] = "1", ["metrics.address"] = "::1", ["dashboard.port"] = "2", ["ego.from"] = "none", ["memory.path"] = "memory.db",
            ["memory.rows"] = "200", ["memory.megabytes"] = "2", ["outbox.path"] = "events.journal", ["outbox.bytes"] = "65536", ["summary"] = "s",
        };
        foreach (var (path, value) in given)
        {
            _environment[SettingsSchema.EnvironmentName(path)] = value;
        }

        var settings = Load(null);

        Assert.Equal(SettingsSchema.Keys.Select(key => key.Path.Replace("[]", "[0]", StringComparison.Ordinal)).Where(path => path is not ("broker.password" or "config.key")), settings.Values.Select(value => value.Path));
        Assert.All(settings.Values, value => Assert.Equal(given[value.Path], value.Text));
        Assert.All(settings.Values, value => Assert.Equal(SettingsSchema.EnvironmentName(value.Path), value.Origin.Place));
    }

    [Fact]
    public void Load_TheExampleOfDataSamples_IsValid()
    {
        var root = CommandHost.FindRoot(AppContext.BaseDirectory);
        var file = Path.Combine(root, "data-samples", "config", "three-cameras.yaml");

        var settings = SettingsLoader.Load(new SettingsInput(file, [], _environment, root, root));

        Assert.Equal(["front", "front_left", "front_right"], settings.Cameras.Select(camera => camera.Name));
        Assert.Equal(settings.Cameras.Select(camera => camera.Name), RigFile.Load(settings.RigFile!).Cameras.Select(camera => camera.Name));
        Assert.Equal("mqtt://127.0.0.1:1883", settings.Broker.Address.ToString());
    }

    private Settings Load(string? yaml, params SettingOverride[] overrides) => LoadAt("car.yaml", yaml, overrides);

    private Settings LoadAt(string name, string? yaml, params SettingOverride[] overrides)
    {
        if (yaml is not null)
        {
            _folder.Write(name, yaml);
        }

        return SettingsLoader.Load(new SettingsInput(yaml is null ? null : name, overrides, _environment, _folder.Path, _folder.Path));
    }
}
