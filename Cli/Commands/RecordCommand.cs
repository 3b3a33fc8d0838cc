using System.CommandLine;
using System.Globalization;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Commands;

/// <param name="Duration">Null: until told to end.</param>
internal sealed record RecordOptions(RecordingOptions Record, TimeSpan? Duration);

/// <summary>`forecast record`: the configured cameras and the vehicle's motion into a recording, without forecasts.</summary>
internal static class RecordCommand
{
    public static Command Create(CommandHost host, CommandBody<RecordOptions> body)
    {
        var folder = new Argument<string>("DIR") { Description = "where the recording's own folder is made" };
        var seconds = new Option<string?>("--seconds") { HelpName = "N", Description = "end after so many seconds; default: when told to (Ctrl-C)" };
        var command = new Command("record", "record the configured cameras as the model would see them, and the vehicle's motion, in MCAP") { folder, seconds };
        var common = CommonOptions.AddTo(command, "vehicle", "model.dir", "broker.url", "rig", "summary");
        command.SetBody(
            host,
            common,
            (parsed, settings) =>
            {
                if (settings.Cameras.Count == 0 || settings.RigFile is null)
                {
                    throw new UsageException("record needs cameras and their calibration: cameras and rig in the configuration (--config FILE); data-samples/config/three-cameras.yaml is an example");
                }

                return new RecordOptions(RecordOption.Read(parsed.GetValue(folder), host)!, Duration(parsed.GetValue(seconds)));
            },
            body);
        return command;
    }

    private static TimeSpan? Duration(string? text) =>
        text is null ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.1 and <= 604_800 ? TimeSpan.FromSeconds(seconds)
        : throw new UsageException($"--seconds {text}: allowed are 0.1 to 604800");
}
