using Forecast.Cli.Commands;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Cli.Composition;

internal static class RigChecks
{
    /// <summary>What a source claims to be once its rig is calibrated; without a bound of its own it stays what it is.</summary>
    public static string? DomainOf(string? own, RigCalibration? calibration) => calibration?.UpperBound is null ? own : calibration.Domain;

    /// <exception cref="UsageException">The model cannot work with this rig, or was calibrated for another.</exception>
    public static void ThrowIfUnsuited(Rig rig, ModelManifest manifest, RigCalibration? calibration)
    {
        var cameras = rig.Cameras.Count;
        if (cameras < manifest.CamerasMin || cameras > manifest.CamerasMax)
        {
            throw new UsageException($"rig {rig.Name} has {cameras} cameras; the model {manifest.Name} takes {manifest.CamerasMin} to {manifest.CamerasMax}: give another rig, or another model with --model");
        }

        if (calibration is not null && RigFingerprint.Of(rig) != calibration.RigSha256)
        {
            throw new UsageException($"the calibration was made for the rig {calibration.RigName} ({calibration.RigSha256[..12]}…), and this one, {rig.Name}, is another ({RigFingerprint.Of(rig)[..12]}…): run forecast calibrate on its drives, or leave the calibration out");
        }

        foreach (var camera in rig.Cameras)
        {
            if (camera.RateHz < 0.99 / manifest.TickPeriod.TotalSeconds)
            {
                throw new UsageException($"rig {rig.Name}: camera {camera.Name} gives {camera.RateHz:0.##} frames a second; the model {manifest.Name} needs {1 / manifest.TickPeriod.TotalSeconds:0.##}");
            }
        }
    }
}
