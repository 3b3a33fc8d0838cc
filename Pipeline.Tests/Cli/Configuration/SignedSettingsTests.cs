using Forecast.Adapters.Drives;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Sodium;
using Forecast.Cli.Configuration;
using Forecast.Pipeline.Tests.Publishing;
using Forecast.Pipeline.Tests.Sodium;

namespace Forecast.Pipeline.Tests.Cli.Configuration;

/// <summary>With a key, nothing of the configuration is read unless its owner signed it.</summary>
public sealed class SignedSettingsTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly MinisignTool _minisign;

    public SignedSettingsTests()
    {
        _minisign = new MinisignTool(_folder);
        _folder.Write("car.yaml", "vehicle: signed\nrig: rig.yaml\n");
        _folder.Write("rig.yaml", "a rig");
    }

    public void Dispose() => _folder.Dispose();

    [NeedsCommandFact("minisign")]
    public void Load_ConfigurationAndItsRigSigned_IsTaken()
    {
        _minisign.MakeKey("owner");
        _minisign.Sign(_folder.At("car.yaml"), "owner");
        _minisign.Sign(_folder.At("rig.yaml"), "owner");

        Assert.Equal("signed", Load().Vehicle);
    }

    [NeedsCommandFact("minisign")]
    public void Load_ConfigurationAlteredOrUnsigned_IsRefusedUnread()
    {
        _minisign.MakeKey("owner");
        Assert.Contains("car.yaml: is not signed", Assert.Throws<SignatureException>(Load).Message, StringComparison.Ordinal);

        _minisign.Sign(_folder.At("car.yaml"), "owner");
        _folder.Write("car.yaml", "vehicle: [altered, and no setting\n");

        Assert.Contains("car.yaml: is not what was signed", Assert.Throws<SignatureException>(Load).Message, StringComparison.Ordinal);
    }

    [NeedsCommandFact("minisign")]
    public void Load_RigThatTheSignedConfigurationNamesIsNotSigned_IsRefused()
    {
        _minisign.MakeKey("owner");
        _minisign.Sign(_folder.At("car.yaml"), "owner");

        var line = Assert.Single(Assert.Throws<ConfigurationException>(Load).Lines);
        Assert.StartsWith($"car.yaml:2:6: rig: {_folder.At("rig.yaml")}: is not signed", line, StringComparison.Ordinal);
    }

    [NeedsCommandFact("minisign")]
    public void Load_FileThatNamesItsOwnKey_IsRefused()
    {
        _minisign.MakeKey("owner");
        _folder.Write("car.yaml", "config: {key: owner.pub}\n");

        var fault = Assert.Throws<ConfigurationException>(() => SettingsLoader.Load(new SettingsInput("car.yaml", [], new Dictionary<string, string>(), _folder.Path, _folder.Path)));
        Assert.Equal(["car.yaml:1:15: config.key: a file cannot vouch for itself: allowed are --set config.key=FILE and FORECAST_CONFIG_KEY"], fault.Lines);
    }

    /// <summary>As `run` does: what was exchanged after the settings were read is still not used.</summary>
    [NeedsCommandFact("minisign")]
    public void Load_RigAndCalibrationAtTheirUse_AreCheckedAgain()
    {
        _minisign.MakeKey("owner");
        _minisign.Sign(_folder.At("car.yaml"), "owner");
        _minisign.Sign(_folder.At("rig.yaml"), "owner");
        var settings = Load();
        _folder.Write("rig.yaml", "another rig");

        Assert.Contains("is not what was signed", Assert.Throws<SignatureException>(() => RigFile.Load(settings.RigFile!, settings.SignedBy)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "is not what was signed",
            Assert.Throws<SignatureException>(() => CalibrationFile.Load(settings.RigFile!, ForecastSamples.Manifest, settings.SignedBy)).Message,
            StringComparison.Ordinal);
    }

    private Settings Load() => SettingsLoader.Load(new SettingsInput(
        "car.yaml", [], new Dictionary<string, string> { ["FORECAST_CONFIG_KEY"] = "owner.pub" }, _folder.Path, _folder.Path));
}
