using Forecast.Cli.Configuration;

namespace Forecast.Pipeline.Tests.Cli.Configuration;

/// <summary>Bad files, and the exact lines that each gives: place, what is wrong, what is allowed, what may have been meant.</summary>
public sealed class SettingsErrorTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vehicel: car", "car.yaml:1:1: vehicel is not a setting; did you mean vehicle? Allowed here: vehicle, source, rig, cameras, budget_ms, manoeuvres, model, broker, metrics, dashboard, ego, memory, outbox, summary, config")]
    [InlineData("zzzzzzzzzz: 1", "car.yaml:1:1: zzzzzzzzzz is not a setting. Allowed here: vehicle, source, rig, cameras, budget_ms, manoeuvres, model, broker, metrics, dashboard, ego, memory, outbox, summary, config")]
    [InlineData("broker:\n  usr: me\n", "car.yaml:2:3: broker.usr is not a setting; did you mean user? Allowed here: url, protection, user, password, password_file, ca_file, cert_file, key_file, encoding")]
    [InlineData("vehicle: a/b", "car.yaml:1:10: vehicle: \"a/b\" does not fit; allowed: 1 to 64 letters, digits, - and _")]
    [InlineData("vehicle: {name: x}", "car.yaml:1:10: vehicle takes one value; allowed: 1 to 64 letters, digits, - and _")]
    [InlineData("\n\nbudget_ms: fast", "car.yaml:3:12: budget_ms: \"fast\" does not fit; allowed: 5 to 2000 (milliseconds; left out: the model's tick period)")]
    [InlineData("budget_ms: 4.9", "car.yaml:1:12: budget_ms: \"4.9\" does not fit; allowed: 5 to 2000 (milliseconds; left out: the model's tick period)")]
    [InlineData("budget_ms: .nan", "car.yaml:1:12: budget_ms: \".nan\" does not fit; allowed: 5 to 2000 (milliseconds; left out: the model's tick period)")]
    [InlineData("budget_ms: NaN", "car.yaml:1:12: budget_ms: \"NaN\" does not fit; allowed: 5 to 2000 (milliseconds; left out: the model's tick period)")]
    [InlineData("manoeuvres: 12", "car.yaml:1:13: manoeuvres: \"12\" does not fit; allowed: 16, 8, 1")]
    [InlineData("model: {provider: gpu}", "car.yaml:1:19: model.provider: \"gpu\" does not fit; did you mean cpu? Allowed: auto, cpu, cuda")]
    [InlineData("model:\n  threads: -1", "car.yaml:2:12: model.threads: \"-1\" does not fit; allowed: 0 to 64 (0: chosen from the cores)")]
    [InlineData("outbox: {bytes: 100}", "car.yaml:1:17: outbox.bytes: \"100\" does not fit; allowed: 65536 to 67108864 (of the file)")]
    [InlineData("memory: {rows: 100001}", "car.yaml:1:16: memory.rows: \"100001\" does not fit; allowed: 100 to 100000 scenes")]
    [InlineData("model: nano", "car.yaml:1:8: model takes \"name: value\" lines; allowed here: dir, calibration, key, provider, threads")]
    [InlineData("broker: {url: 'tcp://x'}", "car.yaml:1:15: broker.url: not a broker's address; allowed: embedded, mqtt://HOST[:PORT], mqtts://HOST[:PORT]")]
    [InlineData("broker: {url: 'mqtt://x:70000'}", "car.yaml:1:15: broker.url: not a broker's address; allowed: embedded, mqtt://HOST[:PORT], mqtts://HOST[:PORT]")]
    [InlineData("broker: {url: 'mqtt://x/path'}", "car.yaml:1:15: broker.url: nothing may follow the host and its port (1 to 65535); allowed: embedded, mqtt://HOST[:PORT], mqtts://HOST[:PORT]")]
    [InlineData("metrics: {port: 65536}", "car.yaml:1:17: metrics.port: \"65536\" does not fit; allowed: 0 (off) to 65535")]
    [InlineData("metrics: {address: here}", "car.yaml:1:20: metrics.address: \"here\" does not fit; allowed: an IP address of this machine")]
    [InlineData("ego: {from: can}", "car.yaml:1:13: ego.from: \"can\" does not fit; allowed: mqtt, none")]
    [InlineData("cameras: front", "car.yaml:1:10: cameras takes a list of items with name, source")]
    [InlineData("cameras: [front]", "car.yaml:1:11: cameras[0] takes \"name: value\" lines; allowed here: name, source")]
    [InlineData("cameras:\n- name: a\n  sorce: device:0", "car.yaml:2:3: cameras[0]: a camera needs a source; allowed: device:0, /dev/video0, rtsp://..., http(s)://..., gst:... ! appsink, file:PATH or images:PATTERN", "car.yaml:3:3: cameras[0].sorce is not a setting; did you mean source? Allowed here: name, source")]
    [InlineData("cameras:\n- {name: a, source: 'device:0'}\n- {name: a, source: 'device:1'}", "car.yaml:3:10: cameras[1].name: a is the name of another camera")]
    [InlineData("cameras: [{name: a, source: usb}]", "car.yaml:1:29: cameras[0].source: 'usb' is no camera source: use device:0, /dev/video0, rtsp://..., http(s)://..., gst:... ! appsink, file:PATH or images:PATTERN")]
    [InlineData("cameras: [{name: a, source: 'device:'}]", "car.yaml:1:29: cameras[0].source: 'device:' is no camera source: use device:0, /dev/video0, rtsp://..., http(s)://..., gst:... ! appsink, file:PATH or images:PATTERN")]
    [InlineData("broker: {url: mqtt://localhost, ca_file: }\nvehicle: a\nvehicle: b", "car.yaml:3:1: vehicle stands here again; it is already on line 2")]
    [InlineData("- vehicle: a", "car.yaml:1:1: settings are written as \"name: value\"; allowed here: vehicle, source, rig, cameras, budget_ms, manoeuvres, model, broker, metrics, dashboard, ego, memory, outbox, summary, config")]
    [InlineData("vehicle: *who", "car.yaml:1:10: this is not YAML: nothing before this is named &who")]
    [InlineData("broker: {user: me, password: pssst}", "car.yaml:1:30: broker.password: a secret is written neither here nor on the command line; allowed: broker.password_file, or FORECAST_BROKER_PASSWORD in the environment only", "car.yaml:1:16: broker.user: the embedded broker takes no user: leave it out, or name a broker in broker.url")]
    public void Load_BadFile_SaysWhereWhatAndWhatIsAllowed(string yaml, params string[] expected)
    {
        var lines = ErrorsOf(yaml);

        Assert.Equal(expected.Order(), lines.Order());
    }

    [Fact]
    public void Load_ManyErrors_ReportsAllInTheOrderOfTheFile()
    {
        var lines = ErrorsOf("manoeuvres: 3\nvehicel: x\nmodel:\n  provider: gpu\nbroker:\n  url: nowhere\n", new SettingOverride("budget_ms", "0", "--set budget_ms"));

        Assert.Equal(
            ["car.yaml:1:13", "car.yaml:2:1", "car.yaml:4:13", "car.yaml:6:8", "--set budget_ms"],
            lines.Select(line => line[..line.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void Load_MissingFiles_NamesTheWholePath()
    {
        var lines = ErrorsOf("rig: none.json\nmodel:\n  dir: nothing\ncameras:\n- {name: a, source: 'file:gone.mp4'}\n- {name: b, source: 'images:gone/%d.jpg'}\n");

        Assert.Equal(
        [
            $"car.yaml:1:6: rig: there is no file {_folder.At("none.json")}; allowed: a rig file",
            $"car.yaml:3:8: model.dir: there is no model.json in {_folder.At("nothing")}",
            $"car.yaml:5:21: cameras[0].source: there is no file {_folder.At("gone.mp4")}",
            $"car.yaml:6:21: cameras[1].source: there is no folder {_folder.At("gone")}",
        ],
        lines);
    }

    [Fact]
    public void Load_NoSuchConfigFile_IsOneLine()
    {
        var fault = Assert.Throws<ConfigurationException>(() => SettingsLoader.Load(Input([])));

        Assert.Equal(["car.yaml: cannot be read: there is no such file"], fault.Lines);
    }

    [Fact]
    public void Load_LiveSourceWithRecordedCamera_IsRefused()
    {
        _folder.Write("a.mp4", "");

        Assert.Equal(
            ["car.yaml:1:9: source: camera a plays a recording, which must not be published as live; allowed: auto, recorded"],
            ErrorsOf("source: live\ncameras:\n- {name: a, source: 'file:a.mp4'}\n"));
    }

    [Theory]
    [InlineData("broker:\n  url: mqtts://h\n  cert_file: pem\n", "car.yaml:3:14: broker.cert_file: broker.key_file is missing: a certificate and its key belong together")]
    [InlineData("broker:\n  url: mqtt://localhost\n  ca_file: pem\n", "car.yaml:3:12: broker.ca_file: certificates are for a broker.url with mqtts://, and this one is mqtt://localhost:1883")]
    [InlineData("broker:\n  url: mqtt://localhost\n  password_file: pem\n", "car.yaml:3:18: broker.password_file: broker.user is missing: a password belongs to a user")]
    [InlineData("broker:\n  url: mqtt://localhost\n  user: u\n  password_file: empty\n", "car.yaml:4:18: broker.password_file: the first line of FOLDER/empty is empty")]
    public void Load_BrokerPartsThatDoNotFitTogether_SaysWhich(string yaml, string expected)
    {
        _folder.Write("pem", "secret of the file");
        _folder.Write("empty", "");

        Assert.Equal([expected.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)], ErrorsOf(yaml));
    }

    [Theory]
    [InlineData("{url: 'mqtt://broker.example'}", "mqtt://broker.example:1883 would carry forecasts in plain text beyond this machine: use mqtts://")]
    [InlineData("{url: 'mqtt://192.168.1.7'}", "would carry forecasts in plain text")]
    [InlineData("{url: 'mqtt://[2001:db8::1]'}", "would carry forecasts in plain text")]
    [InlineData("{url: 'mqtt://localhost.example'}", "would carry forecasts in plain text")]
    [InlineData("{url: 'mqtt://h', protection: tls}", "would carry forecasts in plain text")]
    [InlineData("{url: 'mqtts://h'}", "mqtts://h:8883 is beyond this machine, where a client shows a certificate: give broker.cert_file and broker.key_file")]
    [InlineData("{url: 'mqtts://h', user: u, password_file: secret}", "where a client shows a certificate")]
    public void Load_BrokerBeyondLoopbackWithoutProtection_IsRefused(string broker, string expected)
    {
        _folder.Write("secret", "x");

        var line = Assert.Single(ErrorsOf($"broker: {broker}\n"));
        Assert.StartsWith("car.yaml:1:15: broker.url: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{url: 'mqtt://127.0.0.1'}")]
    [InlineData("{url: 'mqtt://127.3.2.1'}")]
    [InlineData("{url: 'mqtt://[::1]'}")]
    [InlineData("{url: 'mqtt://LOCALHOST'}")]
    [InlineData("{url: 'mqtt://h', protection: none}")]
    [InlineData("{url: 'mqtts://h', protection: tls}")]
    [InlineData("{url: 'mqtts://h', cert_file: secret, key_file: secret}")]
    public void Load_BrokerOnLoopbackOrProtectedOrAllowedInSoManyWords_IsTaken(string broker)
    {
        _folder.Write("secret", "x");

        _folder.Write("car.yaml", $"broker: {broker}\n");

        Assert.NotEqual("", SettingsLoader.Load(Input([])).Broker.Address.Host);
    }

    [Fact]
    public void Load_KeyWithAPassphrase_IsRefusedSinceNobodyTypesIt()
    {
        _folder.Write("secret", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nabc\n");

        Assert.Contains("has a passphrase", Assert.Single(ErrorsOf("broker: {url: 'mqtts://h', cert_file: secret, key_file: secret}\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ConfigurationWithoutEnd_IsRefusedWithinItsLimit()
    {
        var fault = Assert.Throws<ConfigurationException>(() =>
            SettingsLoader.Load(new SettingsInput("/dev/zero", [], new Dictionary<string, string>(), _folder.Path, _folder.Path)));

        Assert.Equal(["/dev/zero: cannot be read: it is larger than 1,048,576 bytes, so it is no such file"], fault.Lines);
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("vehicle: \"open")]
    [InlineData("? [1]\n: 2")]
    [InlineData("a: &x [*x]")]
    [InlineData("%YAML 9.9\n---\nvehicle: a")]
    public void Load_NotYaml_IsOneLineWithItsPlace(string yaml)
    {
        var line = Assert.Single(ErrorsOf(yaml));

        Assert.Matches("^car\\.yaml:\\d+:\\d+: (this is not YAML: .+|a is not a setting.*)$", line);
    }

    [Fact]
    public void Load_HundredThousandBrackets_DoesNotExhaustTheStack()
    {
        var line = Assert.Single(ErrorsOf(new string('[', 100_000)));

        Assert.Equal("car.yaml:1:18: this is not YAML: nested too deeply", line);
    }

    [Fact]
    public void Load_AliasesOfAliases_EndsAtOnce()
    {
        var lines = string.Join('\n', Enumerable.Range(1, 30).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat(i == 1 ? "x" : $"*a{i - 1}", 9))}]"));

        Assert.Equal(30, ErrorsOf(lines).Count);
    }

    private IReadOnlyList<string> ErrorsOf(string yaml, params SettingOverride[] overrides)
    {
        _folder.Write("car.yaml", yaml);
        return Assert.Throws<ConfigurationException>(() => SettingsLoader.Load(Input(overrides))).Lines;
    }

    private SettingsInput Input(IReadOnlyList<SettingOverride> overrides) => new("car.yaml", overrides, new Dictionary<string, string>(), _folder.Path, _folder.Path);
}
