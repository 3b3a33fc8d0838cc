using System.Buffers;

namespace Forecast.Adapters.Mqtt;

/// <summary>How one topic is published or subscribed.</summary>
/// <param name="Name">Below the base topic.</param>
/// <param name="Expiry">After which the broker throws an undelivered message away; null: never.</param>
/// <param name="Writer">Who alone may publish there.</param>
public sealed record TopicRule(string Name, int Qos, bool Retain, TimeSpan? Expiry, TopicWriter Writer = TopicWriter.Processor);

/// <summary>The two who write; all others only read.</summary>
public enum TopicWriter
{
    /// <summary>Forecast itself.</summary>
    Processor,

    /// <summary>The vehicle, which says how it moves and what it intends and asks.</summary>
    Vehicle,
}

/// <summary>Every topic there is, in one place.</summary>
public static class TopicTable
{
    private static readonly SearchValues<char> NotInALevel = SearchValues.Create("/+#\0 \t\r\n");

    /// <summary>On change; the last will says offline here.</summary>
    public static readonly TopicRule Status = new("status", 1, true, null);

    public static readonly TopicRule Model = new("model", 1, true, null);

    public static readonly TopicRule Rig = new("rig", 1, true, null);

    public static readonly TopicRule Scene = new("scene", 0, false, TimeSpan.FromSeconds(1));

    /// <summary>Never retained: a late joiner must not see old risk.</summary>
    public static readonly TopicRule Risk = new("risk", 0, false, TimeSpan.FromSeconds(1));

    /// <summary>Edges of alarms, each with its id, kept and sent again until they expire.</summary>
    public static readonly TopicRule RiskEvent = new("risk/event", 1, false, TimeSpan.FromSeconds(60));

    /// <summary>Edges of surprise, kept and sent again as risk events are.</summary>
    public static readonly TopicRule SurpriseEvent = new("surprise/event", 1, false, TimeSpan.FromSeconds(60));

    /// <summary>Edges of new scenes, likewise.</summary>
    public static readonly TopicRule MemoryEvent = new("memory/event", 1, false, TimeSpan.FromSeconds(60));

    public static readonly TopicRule Plan = new("plan", 0, false, TimeSpan.FromSeconds(1));

    public static readonly TopicRule Health = new("health", 0, false, TimeSpan.FromSeconds(3));

    public static readonly TopicRule Latency = new("latency", 0, false, TimeSpan.FromSeconds(3));

    /// <summary>The vehicle publishes, we subscribe.</summary>
    public static readonly TopicRule InEgo = new("in/ego", 0, false, TimeSpan.FromSeconds(1), TopicWriter.Vehicle);

    public static readonly TopicRule InPlan = new("in/plan", 0, false, TimeSpan.FromSeconds(1), TopicWriter.Vehicle);

    /// <summary>The vehicle asks about manoeuvres of its own; answers go below <see cref="PlanResponses"/> only.</summary>
    public static readonly TopicRule PlanRequest = new("plan/request", 1, false, TimeSpan.FromSeconds(2), TopicWriter.Vehicle);

    /// <summary>Where the answers to one client's requests go: its name follows, and nobody else reads there.</summary>
    public const string PlanResponses = "plan/response/";

    public static IReadOnlyList<TopicRule> All { get; } =
        [Status, Model, Rig, Scene, Risk, RiskEvent, SurpriseEvent, MemoryEvent, Plan, Health, Latency, InEgo, InPlan, PlanRequest];

    /// <summary>For live cameras only.</summary>
    /// <exception cref="ArgumentException">The name cannot stand in a topic.</exception>
    public static string LiveBase(string vehicle) => $"forecast/v1/{Level("vehicle", vehicle)}/";

    /// <summary>For the demo and every recorded source: no subscription below forecast/v1/ matches it.</summary>
    /// <exception cref="ArgumentException">A name cannot stand in a topic.</exception>
    public static string ReplayBase(string vehicle, string run) => $"forecast/replay/v1/{Level("vehicle", vehicle)}/{Level("run", run)}/";

    /// <summary>A filter for all runs of a vehicle's recorded sources; null: of every vehicle's.</summary>
    /// <exception cref="ArgumentException">The name cannot stand in a topic.</exception>
    internal static string ReplayFilter(string? vehicle) => $"forecast/replay/v1/{(vehicle is null ? "+" : Level("vehicle", vehicle))}/+/";

    /// <summary>Matches the live base of every vehicle.</summary>
    internal const string AnyLiveBase = "forecast/v1/+/";

    private static string Level(string what, string name) =>
        name.Length is > 0 and <= 100 && !name.AsSpan().ContainsAny(NotInALevel)
            ? name
            : throw new ArgumentException($"the {what} '{name}' cannot stand in a topic: 1 to 100 characters without spaces, '/', '+' or '#'");
}
