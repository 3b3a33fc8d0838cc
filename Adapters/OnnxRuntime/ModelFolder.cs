using System.Security.Cryptography;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Inference;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// A world model on disk: model.json and its three graphs, read once. What was hashed is what is loaded: the bytes are kept until the
/// sessions are made.
/// </summary>
public sealed class ModelFolder
{
    public const string ManifestName = "model.json";

    private const int MostManifestBytes = 16 << 20;
    private const int MostGraphBytes = int.MaxValue >> 1;

    private readonly ModelDescription _description;
    private readonly Dictionary<string, byte[]> _graphs = [];
    private readonly HashSet<string> _altered = [];

    private ModelFolder(string path, ModelDescription description)
    {
        FolderPath = path;
        _description = description;
    }

    public string FolderPath { get; }

    public ModelManifest Manifest => _description.Manifest;

    internal IReadOnlyList<TensorDeclaration> Tensors => _description.Tensors;

    /// <summary>Reads the manifest and checks every field and every file's hash; the graphs themselves are checked by <see cref="OnnxWorldModel"/>.</summary>
    /// <exception cref="ModelFolderException">Something is missing, out of range, contradictory, or not the file that the manifest means.</exception>
    public static ModelFolder Read(string path)
    {
        var problems = new List<string>();
        var folder = Read(path, problems);
        return problems.Count == 0 && folder is not null ? folder : throw new ModelFolderException(path, problems);
    }

    /// <summary>As <see cref="Read(string)"/>, but notes what is wrong, and goes on as far as there is something to check.</summary>
    /// <param name="signedBy">Whose signature the manifest must have; null: none.</param>
    /// <returns>Null where there is no manifest to go by.</returns>
    /// <exception cref="SignatureException">It has not, and nothing of it was used.</exception>
    internal static ModelFolder? Read(string path, List<string> problems, MinisignKey? signedBy = null)
    {
        if (!Directory.Exists(path))
        {
            problems.Add("there is no such folder; name one that holds a model.json with --model");
            return null;
        }

        if (ReadFile(path, ManifestName, MostManifestBytes, problems) is not { } json)
        {
            return null;
        }

        signedBy?.Demand(Path.Combine(path, ManifestName), json);

        if (ManifestReader.Read(json, Sha256(json), problems) is not { } description)
        {
            return null;
        }

        var folder = new ModelFolder(path, description);
        folder.ReadGraphs(problems);
        return folder;
    }

    internal string FileName(string graph) => _description.Files[graph].Path;

    /// <summary>The bytes of a graph, once; null where the file could not be read.</summary>
    internal byte[]? TakeGraph(string graph) => _graphs.Remove(graph, out var bytes) ? bytes : null;

    /// <summary>True where the file is not the one that the manifest means, which has been noted.</summary>
    internal bool IsAltered(string graph) => _altered.Contains(graph);

    private void ReadGraphs(List<string> problems)
    {
        foreach (var (graph, file) in _description.Files)
        {
            if (file.Path.Length == 0 || ReadFile(FolderPath, file.Path, MostGraphBytes, problems) is not { } bytes)
            {
                continue;
            }

            _graphs[graph] = bytes;
            var actual = Sha256(bytes);
            if (file.Sha256.Length > 0 && file.Sha256 != actual)
            {
                _altered.Add(graph);
                problems.Add(
                    $"{file.Path}: its {bytes.Length} bytes have SHA-256 {actual[..12]}…, model.json says {file.Sha256[..12]}…; copy the whole folder again");
            }
        }
    }

    private static byte[]? ReadFile(string folder, string name, int mostBytes, List<string> problems)
    {
        try
        {
            return WholeFile.Read(Path.Combine(folder, name), mostBytes);
        }
        catch (FileNotFoundException)
        {
            problems.Add($"{name}: is not in the folder; copy the whole folder again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{name}: cannot be read ({e.Message.ReplaceLineEndings(" ")}); make it readable to this user");
        }

        return null;
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
