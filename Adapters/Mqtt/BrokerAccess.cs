namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Who may write and read what at a shared broker, in the language of mosquitto's acl_file, out of <see cref="TopicTable"/>. A client goes by
/// the common name of its certificate (use_identity_as_username): the vehicle's is its name, its processor's that name with
/// <see cref="ProcessorSuffix"/>, which no vehicle's name can end in. Every other certificate of the authority may only read.
/// </summary>
public static class BrokerAccess
{
    public const string ProcessorSuffix = ".processor";

    /// <summary>The file's lines.</summary>
    /// <exception cref="ArgumentException">A name cannot stand in a topic, stands twice, or is not 1 to 64 letters, digits, - and _.</exception>
    public static IReadOnlyList<string> Lines(IReadOnlyList<string> vehicles)
    {
        var lines = new List<string>
        {
            "# Made by forecast broker-acl: who may write and read what. What is not allowed here is refused.",
            "",
            "# Everybody with a certificate reads what is published, and the answers to its own requests.",
        };
        foreach (var rule in TopicTable.All.Where(rule => rule != TopicTable.PlanRequest))
        {
            lines.Add($"pattern read {TopicTable.AnyLiveBase}{rule.Name}");
        }

        foreach (var rule in Written(TopicWriter.Processor))
        {
            lines.Add($"pattern read {TopicTable.ReplayFilter(null)}{rule.Name}");
        }

        lines.Add($"pattern read {TopicTable.AnyLiveBase}{TopicTable.PlanResponses}%u");
        var seen = new HashSet<string>();
        foreach (var vehicle in vehicles)
        {
            if (!IsName(vehicle) || !seen.Add(vehicle))
            {
                throw new ArgumentException($"'{vehicle}' {(IsName(vehicle) ? "stands twice" : "is no vehicle's name: 1 to 64 letters, digits, - and _")}");
            }

            AddVehicle(lines, vehicle);
            AddProcessor(lines, vehicle);
        }

        return lines;
    }

    private static void AddVehicle(List<string> lines, string vehicle)
    {
        lines.AddRange(["", $"user {vehicle}"]);
        foreach (var rule in Written(TopicWriter.Vehicle))
        {
            lines.Add($"topic write {TopicTable.LiveBase(vehicle)}{rule.Name}");
        }
    }

    private static void AddProcessor(List<string> lines, string vehicle)
    {
        lines.AddRange(["", $"user {vehicle}{ProcessorSuffix}"]);
        foreach (var topicBase in new[] { TopicTable.LiveBase(vehicle), TopicTable.ReplayFilter(vehicle) })
        {
            foreach (var rule in Written(TopicWriter.Processor))
            {
                lines.Add($"topic write {topicBase}{rule.Name}");
            }
        }

        lines.Add($"topic write {TopicTable.LiveBase(vehicle)}{TopicTable.PlanResponses}+");
        lines.Add($"topic read {TopicTable.LiveBase(vehicle)}{TopicTable.PlanRequest.Name}");
    }

    private static IEnumerable<TopicRule> Written(TopicWriter writer) => TopicTable.All.Where(rule => rule.Writer == writer);

    private static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
