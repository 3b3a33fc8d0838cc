using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline.Tests.Fixtures;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

/// <summary>A copy of the tiny model that a test may spoil.</summary>
internal sealed class ModelFolderCopy : IDisposable
{
    public ModelFolderCopy()
    {
        Folder = Directory.CreateTempSubdirectory("forecast-model-").FullName;
        foreach (var file in Directory.GetFiles(TinyModel.Folder))
        {
            File.Copy(file, this[Path.GetFileName(file)]);
        }
    }

    public string Folder { get; }

    public string this[string file] => Path.Combine(Folder, file);

    public void Edit(Action<JsonNode> edit)
    {
        var manifest = JsonNode.Parse(File.ReadAllBytes(this["model.json"]))!;
        edit(manifest);
        File.WriteAllText(this["model.json"], manifest.ToJsonString());
    }

    /// <summary>Puts other bytes in a graph's place and their hash into the manifest.</summary>
    public void Replace(string graph, byte[] bytes)
    {
        File.WriteAllBytes(this[$"{graph}.onnx"], bytes);
        Edit(m => m["files"]![graph]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>What is wrong with the folder, or nothing.</summary>
    public IReadOnlyList<string> Problems()
    {
        try
        {
            OnnxWorldModel.Load(Folder, new OnnxOptions { Provider = ProviderWish.Cpu }).Dispose();
            return [];
        }
        catch (ModelFolderException e)
        {
            return e.Problems;
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
