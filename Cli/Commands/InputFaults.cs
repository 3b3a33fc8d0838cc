using Forecast.Adapters.Drives;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.Sodium;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Commands;

/// <summary>The exceptions that say "what the user gave cannot be used", each with its lines; the command then ends with exit code 2.</summary>
internal static class InputFaults
{
    /// <summary>Null for every other exception.</summary>
    public static IReadOnlyList<string>? LinesOf(Exception fault) => fault switch
    {
        ConfigurationException configuration => configuration.Lines,
        UnusableInputException input => input.Problems,
        CalibrationFileException calibration => calibration.Problems,
        ModelFolderException model => [.. model.Problems.Select(problem => $"{model.Folder}: {problem}")],
        SignatureException or ProviderUnavailableException or EmbeddedBrokerException or UsageException => [fault.Message],
        _ => null,
    };
}
