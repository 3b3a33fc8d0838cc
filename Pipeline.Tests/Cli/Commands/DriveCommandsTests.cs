using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Pipeline.Tests.Cli.Commands;

/// <summary>What demo, run, replay and bench hand to their bodies, and what they refuse before a body begins.</summary>
public sealed class DriveCommandsTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly CliRun _run;
    private Settings? _settings;
    private object? _options;
    private ConsoleOutput? _console;

    public DriveCommandsTests()
    {
        _folder.Write("data-samples/near-miss/drive.json", "{}");
        _folder.Write("data-samples/calm/drive.json", "{}");
        _folder.Write("video.mp4", "");
        _folder.Write("rig.json", "{}");
        _run = new CliRun(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    private static (string Folder, int Faults) Drive(object? options) => Assert.IsType<DemoOptions>(options) is var demo ? (demo.DriveFolder, demo.Faults.Count) : default;

    [Fact]
    public async Task Demo_NoArguments_PlaysTheNearMiss()
    {
        Assert.Equal(7, await Invoke("demo"));

        Assert.Equal((_folder.At("data-samples/near-miss"), 0), Drive(_options));
    }

    [Fact]
    public async Task Demo_CommonOptions_BecomeSettings()
    {
        await Invoke("demo --drive calm --vehicle car --broker mqtt://localhost:1 --manoeuvres 8 --metrics 0 --summary s.json --set budget_ms=55 --set model.provider=cpu --json --quiet");

        Assert.Equal((_folder.At("data-samples/calm"), 0), Drive(_options));
        Assert.Equal("car", _settings!.Vehicle);
        Assert.Equal("mqtt://localhost:1", _settings.Broker.Address.ToString());
        Assert.Equal(8, _settings.Manoeuvres);
        Assert.Equal(0, _settings.Metrics.Port);
        Assert.Equal(_folder.At("s.json"), _settings.SummaryFile);
        Assert.Equal(TimeSpan.FromMilliseconds(55), _settings.Budget);
        Assert.Equal(ProviderWish.Cpu, _settings.Model.Provider);
        Assert.True(_console!.Json && _console.Quiet);
    }

    [Fact]
    public async Task Demo_FaultsOnPurpose_AreHandedOver()
    {
        await Invoke("demo --inject camera.front=frozen@5s..8s --inject model=nan");

        Assert.Equal(["camera.front=frozen@5s..8s", "model=nan"], Assert.IsType<DemoOptions>(_options).Faults.Select(fault => fault.Text));
    }

    /// <summary>What makes a run go wrong is said where it is started, and nowhere else.</summary>
    [Theory]
    [InlineData("inject: model=nan")]
    [InlineData("inject: [ model=nan ]")]
    public async Task Demo_FaultsInAConfiguration_AreRefused(string configuration)
    {
        _folder.Write("car.yaml", configuration);

        Assert.Equal(ExitCode.Usage, await Invoke("demo --config car.yaml"));
        Assert.Contains("inject is not a setting", _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_FaultsInTheEnvironment_AreNotHeard()
    {
        var run = new CliRun(_folder.Path, environment: new Dictionary<string, string> { ["FORECAST_INJECT"] = "model=nan" });
        var command = DemoCommand.Create(run.Host, (_, options, _, _) => Task.FromResult(7 + options.Faults.Count));

        Assert.NotEqual(8, await run.InvokeAsync([command], "demo"));
    }

    [Theory]
    [InlineData("replay calm", "calm", ReplayMode.LockStep, null)]
    [InlineData("replay calm --exact", "calm", ReplayMode.Exact, null)]
    [InlineData("replay calm --as-live", "calm", ReplayMode.AsLive, 1.0)]
    [InlineData("replay calm --as-live --speed 1", "calm", ReplayMode.AsLive, 1.0)]
    [InlineData("replay calm --speed max", "calm", ReplayMode.LockStep, null)]
    [InlineData("replay calm --speed 2.5", "calm", ReplayMode.LockStep, 2.5)]
    public async Task Replay_ModesAndSpeeds_AreUnderstood(string arguments, string sample, object mode, object? speed)
    {
        Assert.Equal(7, await Invoke(arguments));

        var options = Assert.IsType<ReplayOptions>(_options);
        Assert.Equal([_folder.At($"data-samples/{sample}")], options.Drives);
        Assert.Equal(mode, options.Mode);
        Assert.Equal(speed, options.Speed);
        Assert.Null(options.OutFile);
    }

    [Fact]
    public async Task Replay_OneDrive_MayWriteItsRun()
    {
        await Invoke("replay near-miss --out run.bin");
        Assert.Equal(_folder.At("run.bin"), Assert.IsType<ReplayOptions>(_options).OutFile);
    }

    [Fact]
    public async Task Replay_SeveralDrives_KeepTheirOrder()
    {
        await Invoke("replay video.mp4 near-miss data-samples/calm --rig rig.json");

        var options = Assert.IsType<ReplayOptions>(_options);
        Assert.Equal([_folder.At("video.mp4"), _folder.At("data-samples/near-miss"), _folder.At("data-samples/calm")], options.Drives);
        Assert.Equal(_folder.At("rig.json"), _settings!.RigFile);
    }

    [Theory]
    [InlineData("bench", 60, null, false, null)]
    [InlineData("bench --seconds 9", 9, null, false, null)]
    [InlineData("bench --soak 10", 60, 10, false, null)]
    [InlineData("bench --soak 30 --faults", 60, 30, false, null)]
    [InlineData("bench --peers", 10, null, true, null)]
    [InlineData("bench --peers --row kills --seconds 3", 3, null, true, "kills")]
    [InlineData("bench --mcap", 60, null, false, null)]
    public async Task Bench_CasesSoakOrPeers_AreUnderstood(string arguments, int seconds, int? minutes, bool peers, string? row)
    {
        Assert.Equal(7, await Invoke(arguments));

        Assert.Equal(new BenchOptions(TimeSpan.FromSeconds(seconds), minutes is { } soak ? TimeSpan.FromMinutes(soak) : null, arguments.Contains("--faults", StringComparison.Ordinal), peers, row, arguments.Contains("--mcap", StringComparison.Ordinal)), _options);
    }

    [Theory]
    [InlineData("demo --drive calmm", "--drive calmm: no such sample, and FOLDER/calmm has no drive.json; did you mean calm?; samples: calm, near-miss")]
    [InlineData("demo --drive ../near-miss", "--drive ../near-miss: no such sample, and PARENT/near-miss has no drive.json; did you mean near-miss?; samples: calm, near-miss")]
    [InlineData("demo --manoeuvres 5", "--manoeuvres: \"5\" does not fit; allowed: 16, 8, 1")]
    [InlineData("demo --set budget_ms", "--set needs PATH=VALUE, for example --set budget_ms=100")]
    [InlineData("demo --summary none/s.json", "--summary FOLDER/none/s.json: there is no folder FOLDER/none; make it with mkdir -p FOLDER/none")]
    [InlineData("demo --summary video.mp4/s.json", "--summary FOLDER/video.mp4/s.json: there is no folder FOLDER/video.mp4; make it with mkdir -p FOLDER/video.mp4")]
    [InlineData("demo --summary data-samples", "--summary FOLDER/data-samples: this is a folder; name a file in it")]
    [InlineData("run", "run needs cameras: name them in the configuration (--config FILE); data-samples/config/three-cameras.yaml is an example")]
    [InlineData("run --set cameras=[{name:\u00a0a,source:\u00a0'device:0'}]", "run needs the cameras' calibration: rig: FILE in the configuration, or --rig FILE")]
    [InlineData("demo --inject camera.front=frozn", "--inject camera.front=frozn: there is no fault frozn of a camera; did you mean frozen?; known: unplugged, hung, crashed, frozen, black, half[:SHARE], size, rate:HERTZ, jump:TIME, repeat, back, jitter:TIME")]
    [InlineData("replay nowhere", "nowhere: there is no file or folder FOLDER/nowhere, and no sample of this name")]
    [InlineData("replay calm --exact --as-live", "--exact and --as-live exclude each other: a live run is never the same twice")]
    [InlineData("replay calm --speed 0", "--speed 0: allowed are max, or 0.01 to 1000 times real time")]
    [InlineData("replay calm --speed nan", "--speed nan: allowed are max, or 0.01 to 1000 times real time")]
    [InlineData("replay calm --as-live --speed 2", "--speed 2: --as-live plays in real time; leave --speed out")]
    [InlineData("replay calm near-miss --out run", "--out: one run file holds one drive; replay the drives one by one")]
    [InlineData("replay calm --out none/run", "--out none/run: there is no folder FOLDER/none; make it with mkdir -p")]
    [InlineData("replay calm --as-live --out run", "--out run: a run played as live is not kept, since it is never the same twice; leave --as-live or --out out")]
    [InlineData("bench --seconds 0", "--seconds: allowed are 1 to 3600")]
    [InlineData("bench --faults", "--faults: only with --soak")]
    [InlineData("bench --row kills", "--row: only with --peers")]
    [InlineData("bench --soak 5 --peers", "--soak and --peers: one of them at a time")]
    [InlineData("bench --soak 0", "--soak: allowed are 1 to 600 minutes")]
    [InlineData("bench --mcap --soak 5", "--mcap and --soak exclude each other")]
    [InlineData("bench --mcap --peers", "--mcap and --peers exclude each other")]
    [InlineData("bench --soak 601", "--soak: allowed are 1 to 600 minutes")]
    public async Task Invoke_BadInput_IsOneLineAndTwoAndNoBodyBegins(string arguments, string expected)
    {
        var exit = await Invoke(arguments);

        Assert.Equal(ExitCode.Usage, exit);
        Assert.Equal($"forecast: {expected.Replace("FOLDER", _folder.Path, StringComparison.Ordinal).Replace("PARENT", Path.GetDirectoryName(_folder.Path), StringComparison.Ordinal)}\n", _run.Error);
        Assert.Empty(_run.Output);
        Assert.Null(_options);
    }

    [Theory]
    [InlineData("replay", "Required argument 'DRIVE' missing for command: 'replay'")]
    [InlineData("demo --drive", "Required argument missing for option: '--drive'")]
    [InlineData("demo --vehicle a --vehicle b", "Option '--vehicle' expects a single argument but 2 were provided")]
    [InlineData("bench --seconds soon", "Cannot parse argument 'soon' for option '--seconds' as expected type 'System.Int32'")]
    [InlineData("demo --manoevres 8", "forecast demo does not know --manoevres 8; did you mean --manoeuvres?")]
    public async Task Invoke_ArgumentsThatDoNotParse_SayWhatAndWhereTheHelpIs(string arguments, string expected)
    {
        var exit = await Invoke(arguments);

        Assert.Equal(ExitCode.Usage, exit);
        Assert.Equal($"forecast: {expected}\nforecast: see forecast {arguments.Split(' ')[0]} --help\n", _run.Error);
    }

    [Fact]
    public async Task Calibrate_DrivesAndFile_AreResolved()
    {
        Assert.Equal(7, await Invoke("calibrate calm near-miss --out car.json --domain our\u00a0roads --rig rig.json"));

        var options = Assert.IsType<CalibrateOptions>(_options);
        Assert.Equal([_folder.At("data-samples/calm"), _folder.At("data-samples/near-miss")], options.Drives);
        Assert.Equal((_folder.At("car.json"), "our roads", _folder.At("rig.json")), (options.OutFile, options.Domain, _settings!.RigFile));
    }

    [Theory]
    [InlineData("calibrate calm", "Option '--out' is required")]
    [InlineData("calibrate nowhere --out car.json", "nowhere: there is no file or folder")]
    [InlineData("calibrate calm --out gone/car.json", "there is no folder")]
    [InlineData("calibrate calm --out data-samples", "this is a folder; name a file in it")]
    [InlineData("calibrate calm --out car.json --domain \u00a0", "--domain: give a name, or leave it out")]
    [InlineData("calibrate calm --out car.json --set model.calibration=rig.json", "model.calibration: a calibration is fitted to the model's own figures; leave the other one out")]
    [InlineData("replay calm --calibration none.json", "there is no file")]
    public async Task Calibrate_BadInput_IsOneLine(string arguments, string expected)
    {
        Assert.Equal(ExitCode.Usage, await Invoke(arguments));
        Assert.Contains(expected, _run.Error, StringComparison.Ordinal);
        Assert.Null(_options);
    }

    private Task<int> Invoke(string arguments) => _run.InvokeAsync(
        [
            DemoCommand.Create(_run.Host, Body),
            RunCommand.Create(_run.Host, Body),
            ReplayCommand.Create(_run.Host, Body),
            BenchCommand.Create(_run.Host, Body),
            CalibrateCommand.Create(_run.Host, Body),
        ],
        [.. arguments.Split(' ').Select(word => word.Replace('\u00a0', ' '))]);

    private Task<int> Body<TOptions>(Settings settings, TOptions options, ConsoleOutput console, CancellationToken cancellation)
    {
        (_settings, _options, _console) = (settings, options, console);
        return Task.FromResult(7);
    }
}
