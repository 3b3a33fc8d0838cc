using Forecast.Adapters.OnnxRuntime;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;
using Forecast.Pipeline;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Replay.Recording;

namespace Forecast.Cli.Composition;

/// <summary>A run's recording: what the run was made of, and where it goes.</summary>
internal static class RecorderComposition
{
    /// <param name="parts">Of a journey whose decisions can be told again; null: pictures and motion alone are recorded.</param>
    /// <exception cref="UsageException">The folder cannot be made or written to.</exception>
    public static Recorder Open(RecordingOptions options, LiveInput input, Settings settings, OnnxWorldModel model, MessageIdentity identity, JourneyParts? parts, RigClock clock, bool memory)
    {
        var manifest = model.Manifest;
        var session = new RecordedSession
        {
            Name = input.MemoryDrive,
            Vehicle = settings.Vehicle,
            Session = identity.Session,
            Source = SummaryJson.Name(identity.Source),
            Software = identity.Software,
            ModelName = manifest.Name,
            ModelVersion = manifest.Version,
            ModelSha256 = manifest.Sha256,
            CalibrationSha256 = manifest.CalibrationSha256,
            Provider = identity.Provider,
            IntraOpThreads = ModelComposition.Threads(settings),
            InstructionSet = InstructionSet.Name,
            ConfigSha256 = identity.ConfigSha256,
            Domain = input.Domain,
            Budget = settings.BudgetFor(manifest.TickPeriod),
            Manoeuvres = settings.Manoeuvres,
            Memory = memory,
            Injected = [.. input.Faults.Select(fault => fault.Text)],
            Rungs = parts is null ? [] : [.. parts.Costs.Rungs],
            Costs = parts?.Costs.FirstRuns ?? [],
            PublishingCost = parts?.Costs.FirstPublishing ?? default,
            WidthPx = manifest.InputWidthPx,
            HeightPx = manifest.InputHeightPx,
            Start = clock.Now,
            Rig = input.Rig,
        };
        try
        {
            return new Recorder(options, session, clock);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--record {options.Folder}: {refused.Message.ReplaceLineEndings(" ")}: name a folder that can be written to, with room for some 100 MB a minute");
        }
    }

    /// <summary>The last word on a recording that has ended.</summary>
    public static RecordingSummary Say(Recorder recorder, ConsoleOutput console)
    {
        recorder.Dispose();
        console.Line(FormattableString.Invariant($"recorded {recorder.Written} messages, {recorder.Bytes / 1e6:0.0} MB, in {recorder.Folder}"));
        if (recorder.Dropped > 0)
        {
            console.Warning($"recording: {recorder.Dropped} messages were left out: {recorder.Trouble ?? "its memory was full"}; what is missing cannot be replayed");
        }

        return new RecordingSummary(recorder.Folder, recorder.Written, recorder.Bytes, recorder.Dropped);
    }
}
