using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Sqlite;
using Forecast.Cli.Commands;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Fixtures;
using Forecast.Pipeline.Tests.Mqtt;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>`memory.path`: kept through a SIGKILL, read by the next run, and left alone by an exact replay.</summary>
[Collection(EndToEndTests.Name)]
public sealed class MemoryTests : IDisposable
{
    private const int Kill = 9;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Calm, Needs.Broker)]
    [Trait("Category", "Slow")]
    public async Task Replay_KilledMidway_LeavesASoundMemoryThatTheNextRunReads()
    {
        var memory = _folder.At("memory.db");
        using (var killed = new ForecastProgram(_folder.Path, "replay", Needs.Folder(Needs.Calm), "--model", TinyModel.Folder, "--speed", "1", "--set", $"memory.path={memory}", "--set", "metrics.port=0"))
        {
            // "9.1 of 11.9 s": the scenes of the first six seconds are kept by then
            Eventually.True(() => killed.Output.Any(line => line.StartsWith("9.", StringComparison.Ordinal)), "the replay never got to nine seconds", Limit.TotalSeconds);
            killed.Signal(Kill);
            killed.WaitForExit(Limit);
        }

        var kept = Scenes(memory);
        Assert.InRange(kept, 3, 7);

        var run = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Fine, await run.InvokeAsync("replay", Needs.Folder(Needs.Calm), "--model", TinyModel.Folder, "--set", $"memory.path={memory}", "--metrics", "0", "--out", "run.jsonl"));
        Assert.Contains($"memory {memory}: {kept} scenes of at most 10000", run.Output, StringComparison.Ordinal);
        Assert.Contains("\"seen_before\":{\"similarity\":", File.ReadAllText(_folder.At("run.jsonl")), StringComparison.Ordinal);
        Assert.True(Scenes(memory) > kept);
    }

    [EndToEndFact(Needs.Calm, Needs.Broker)]
    [Trait("Category", "Slow")]
    public async Task Replay_Exact_NeitherMakesNorReadsAMemory()
    {
        var run = new CliRun(_folder.Path);
        Assert.Equal(ExitCode.Fine, await run.InvokeAsync(
            "replay", Needs.Folder(Needs.Calm), "--model", TinyModel.Folder, "--exact", "--set", $"memory.path={_folder.At("memory.db")}", "--metrics", "0", "--out", "run.jsonl"));
        Assert.False(File.Exists(_folder.At("memory.db")));
        Assert.Contains("\"seen_before_reason\":\"off\"", File.ReadAllText(_folder.At("run.jsonl")), StringComparison.Ordinal);
    }

    private static int Scenes(string path)
    {
        var log = new List<string>();
        using var memory = SqliteEpisodicMemory.Open(path, ModelFolder.Read(TinyModel.Folder).Manifest, 10_000, 32_000_000, log.Add);
        Assert.Empty(log); // neither damaged nor another model's
        return memory.Recall().Count;
    }
}
