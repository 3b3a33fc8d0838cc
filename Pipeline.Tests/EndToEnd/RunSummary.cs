using System.Text.Json;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>What --summary wrote.</summary>
internal sealed class RunSummary
{
    private readonly JsonElement _root;

    public RunSummary(string path) => _root = JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    public long Captured => FrameSets.GetProperty("captured").GetInt64();

    public long Formed => FrameSets.GetProperty("formed").GetInt64();

    public long Published => FrameSets.GetProperty("published").GetInt64();

    public IReadOnlyDictionary<string, long> Dropped => Counts(FrameSets);

    public long RiskEvents => _root.GetProperty("risk_events").GetInt64();

    public string? Digest => _root.GetProperty("digest").GetString();

    public IReadOnlyCollection<string> Cameras => [.. _root.GetProperty("frames").EnumerateObject().Select(camera => camera.Name)];

    public IReadOnlyList<string> Injected => [.. _root.GetProperty("injected").EnumerateArray().Select(fault => fault.GetString()!)];

    private JsonElement FrameSets => _root.GetProperty("framesets");

    public long DroppedFor(params string[] reasons) => reasons.Sum(reason => Dropped.GetValueOrDefault(reason));

    /// <summary>Everything is over, so nothing is in flight: what came in is what went out and what was dropped.</summary>
    public void AssertLedgersAddUp()
    {
        Assert.Equal(Formed, Published + Dropped.Values.Sum());
        Assert.InRange(Formed, 0, Captured);
        foreach (var camera in _root.GetProperty("frames").EnumerateObject())
        {
            var used = camera.Value.GetProperty("used").GetInt64() + Counts(camera.Value).Values.Sum();
            Assert.True(camera.Value.GetProperty("captured").GetInt64() == used, $"{camera.Name}: {camera.Value}");
        }
    }

    private static Dictionary<string, long> Counts(JsonElement parent) =>
        parent.GetProperty("dropped").EnumerateObject().ToDictionary(reason => reason.Name, reason => reason.Value.GetInt64());
}
