using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Replay;

/// <summary>Chains the canonical fields of every forecast to one digest: two runs with the same digest said the same.</summary>
public sealed class DigestSink(ModelManifest manifest, Rig rig) : IForecastSink
{
    private readonly CanonicalDigest _digest = new(manifest, rig);

    public string Name => "digest";

    /// <summary>64 hexadecimal digits over all forecasts so far.</summary>
    public string Value => _digest.Value;

    public SinkResult Publish(SceneForecast forecast)
    {
        _digest.Add(forecast);
        return SinkResult.Taken;
    }

    public bool Flush(TimeSpan limit) => true;

    public void Dispose()
    {
    }
}
