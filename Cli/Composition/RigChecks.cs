using Forecast.Cli.Commands;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Cli.Composition;

internal static class RigChecks
{
    /// <exception cref="UsageException">The model cannot work with this rig.</exception>
    public static void ThrowIfUnsuited(Rig rig, ModelManifest manifest)
    {
        var cameras = rig.Cameras.Count;
        if (cameras < manifest.CamerasMin || cameras > manifest.CamerasMax)
        {
            throw new UsageException($"rig {rig.Name} has {cameras} cameras; the model {manifest.Name} takes {manifest.CamerasMin} to {manifest.CamerasMax}: give another rig, or another model with --model");
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
