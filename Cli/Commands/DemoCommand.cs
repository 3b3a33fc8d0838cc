using System.CommandLine;
using Forecast.Replay.Faults;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Commands;

/// <param name="DriveFolder">Absolute; holds a drive.json.</param>
internal sealed record DemoOptions(string DriveFolder)
{
    /// <summary>What is made to go wrong; nothing by default.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>The dashboard stays after the drive, until Ctrl-C.</summary>
    public bool Stay { get; init; }

    /// <summary>Null: nothing is recorded.</summary>
    public RecordingOptions? Record { get; init; }
}

/// <summary>`forecast demo`: a sample drive played as cameras in real time, with a broker of its own.</summary>
internal static class DemoCommand
{
    public const string StandardDrive = "near-miss";

    public static Command Create(CommandHost host, CommandBody<DemoOptions> body)
    {
        var drive = new Option<string>("--drive")
        {
            Description = "a drive of data-samples, or a drive's folder",
            HelpName = "NAME",
            DefaultValueFactory = _ => StandardDrive,
        };
        var stay = StayOption.Create();
        var inject = FaultOption.Create();
        var record = RecordOption.Create();
        var command = new Command("demo", "play a sample drive as cameras in real time, with a broker of its own") { drive, stay, inject, record };
        var common = CommonOptions.AddTo(command, "vehicle", "model.dir", "broker.url", "manoeuvres", "metrics.port", "dashboard.port", "summary");
        command.SetBody(
            host,
            common,
            (parsed, _) => new DemoOptions(SampleDrives.Resolve(parsed.GetValue(drive)!, host)) { Faults = FaultSpec.ParseAll(parsed.GetValue(inject)!), Stay = parsed.GetValue(stay), Record = RecordOption.Read(parsed.GetValue(record), host) },
            body);
        return command;
    }
}
