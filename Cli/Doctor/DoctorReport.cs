using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Doctor;

/// <summary>All findings, and whether the demo can run.</summary>
internal sealed record DoctorReport(IReadOnlyList<Finding> Findings, IReadOnlyList<SettingValue> Settings)
{
    public bool DemoCanRun => Findings.All(finding => finding.State != FindingState.Missing);

    public static DoctorReport Examine(IEnumerable<Check> checks, IReadOnlyList<SettingValue> settings) => new([.. checks.Select(Look)], settings);

    public string ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteBoolean("demo_can_run", DemoCanRun);
            json.WriteStartArray("checks");
            foreach (var finding in Findings)
            {
                json.WriteStartObject();
                json.WriteString("name", finding.Name);
                json.WriteString("state", SummaryJson.Name(finding.State));
                json.WriteString("found", finding.Found);
                json.WriteString("remedy", finding.Remedy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("settings");
            foreach (var setting in Settings)
            {
                json.WriteStartObject();
                json.WriteString("path", setting.Path);
                json.WriteString("value", setting.Text);
                json.WriteString("origin", setting.Origin.Place);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    public void Print(ConsoleOutput console)
    {
        console.Table("What is here", [], [.. Findings.Select(finding => (IReadOnlyList<string>)[Sign(finding.State), finding.Name, finding.Found])]);
        var given = Settings.Where(setting => setting.Origin.Kind != OriginKind.Default).ToList();
        if (given.Count > 0)
        {
            console.Table("Settings that were given", [], [.. given.Select(setting => (IReadOnlyList<string>)[setting.Path, setting.Text, setting.Origin.Place])]);
        }

        foreach (var finding in Findings.Where(finding => finding.Remedy is not null))
        {
            console.Line($"{finding.Name}: {finding.Remedy}");
        }

        console.Line(DemoCanRun ? "The demo can run: ./forecast demo" : "The demo cannot run yet: see the lines above.");
    }

    private static string Sign(FindingState state) => state switch
    {
        FindingState.Ok => "ok",
        FindingState.Advice => "less",
        _ => "MISSING",
    };

    private static Finding Look(Check check)
    {
        try
        {
            return check.Look();
        }
        catch (Exception fault)
        {
            // A check that breaks is a finding like any other; what it says must not hide the rest.
            return Finding.Missing(check.Name, $"{fault.Message.ReplaceLineEndings(" ")} ({fault.GetType().Name})", PartChecks.SetUp);
        }
    }
}
