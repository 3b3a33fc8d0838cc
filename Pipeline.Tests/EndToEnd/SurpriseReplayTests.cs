using System.Text.Json;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Pipeline.Tests.OnnxRuntime;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>A model that names its statistic of surprise, replayed as a process of its own, whose user's folder is empty.</summary>
[Collection(EndToEndTests.Name)]
public sealed class SurpriseReplayTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TestFolder _folder = new();
    private readonly TestFolder _home = new();

    public void Dispose()
    {
        _folder.Dispose();
        _home.Dispose();
    }

    [EndToEndFact(Needs.Calm, Needs.Broker)]
    [Trait("Category", "Slow")]
    public void Replay_ExactTwiceWithSurprise_GivesTheSameDigestAndLeavesNothingInTheUsersFolder()
    {
        using var model = new ModelFolderCopy();
        model.Edit(manifest =>
        {
            TestSurprise.AddTo(manifest)["threshold"] = -1000;
            manifest["calibration_domain"] = "forecast-sim/1"; // the drive's
        });
        var digests = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            using var replay = new ForecastProgram(
                _folder.Path, _home.Path, ["replay", "calm", "--model", model.Folder, "--exact", "--metrics", "0", "--summary", $"exact{i}.json", "--out", $"run{i}.jsonl"]);
            Assert.True(replay.WaitForExit(Limit) == 0 && replay.Error.Count == 0, replay.ToString());
            digests.Add(new RunSummary(_folder.At($"exact{i}.json")).Digest);
        }

        Assert.Equal(64, digests[0]?.Length);
        Assert.Equal(digests[0], digests[1]);
        Assert.Empty(Directory.GetFileSystemEntries(_home.Path));

        // Every score reaches such a threshold: a second after the state is full the scene is surprising, and stays so.
        var scenes = Messages("scene");
        Assert.Equal("warming_up", scenes[5].GetProperty("surprise_reason").GetString());
        Assert.True(scenes[^1].GetProperty("surprise").GetProperty("surprised").GetBoolean());
        Assert.Equal(2, scenes[^1].GetProperty("surprise").GetProperty("horizons").GetArrayLength());
        Assert.Single(Messages("surprise/event"));
        var guarantees = Messages("risk").ConvertAll(risk => (risk.GetProperty("bound").GetProperty("guarantee").GetString(), risk.GetProperty("bound").GetProperty("guarantee_reasons").ToString()));
        Assert.Contains(("GUARANTEE_HOLDS", "[]"), guarantees);
        Assert.Equal(("GUARANTEE_SUSPENDED", "[\"surprised\"]"), guarantees[^1]);
    }

    private List<JsonElement> Messages(string topic) =>
        [.. File.ReadLines(_folder.At("run0.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("topic").GetString() == topic).Select(line => line.GetProperty("message"))];
}
