using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Sodium;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>model.json is signed, and it names every graph by its hash.</summary>
public sealed class SignedModelTests : IDisposable
{
    private readonly TestFolder _keys = new();
    private readonly ModelFolderCopy _model = new();
    private readonly MinisignTool _minisign;

    public SignedModelTests() => _minisign = new MinisignTool(_keys);

    public void Dispose()
    {
        _model.Dispose();
        _keys.Dispose();
    }

    [NeedsCommandFact("minisign")]
    public void Load_SignedFolder_IsTaken()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        _minisign.Sign(_model["model.json"], "owner");

        using var model = OnnxWorldModel.Load(_model.Folder, Options(key));
        Assert.Equal("cpu", model.Provider);
    }

    [NeedsCommandFact("minisign")]
    public void Load_UnsignedOrAlteredManifest_IsRefused()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        Assert.Contains("model.json: is not signed", Assert.Throws<SignatureException>(() => OnnxWorldModel.Load(_model.Folder, Options(key))).Message, StringComparison.Ordinal);

        _minisign.Sign(_model["model.json"], "owner");
        _model.Edit(manifest => manifest["version"] = "9.9.9");

        Assert.Contains("model.json: is not what was signed", Assert.Throws<SignatureException>(() => OnnxWorldModel.Load(_model.Folder, Options(key))).Message, StringComparison.Ordinal);
    }

    [NeedsCommandFact("minisign")]
    public void Load_GraphAlteredUnderASignedManifest_IsRefused()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        _minisign.Sign(_model["model.json"], "owner");
        var graph = File.ReadAllBytes(_model["encoder.onnx"]);
        graph[^1] ^= 1;
        File.WriteAllBytes(_model["encoder.onnx"], graph);

        var problems = Assert.Throws<ModelFolderException>(() => OnnxWorldModel.Load(_model.Folder, Options(key))).Problems;
        Assert.Contains(problems, problem => problem.Contains("encoder.onnx: its", StringComparison.Ordinal) && problem.Contains("SHA-256", StringComparison.Ordinal));
    }

    private static OnnxOptions Options(MinisignKey key) => new() { Provider = ProviderWish.Cpu, SignedBy = key };
}
