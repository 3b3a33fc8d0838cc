using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;

namespace Forecast.Benchmarks.Peers;

/// <summary>Keeps of every forecast that comes by when that was, how old it was and what it said of itself; after the MQTT sink in the list, or alone.</summary>
public sealed class WatchingSink(RigClock clock, int most) : IForecastSink
{
    private readonly Seen[] _seen = new Seen[most];
    private int _count;

    public string Name => "watching";

    /// <summary>In the order in which they came. For after the run.</summary>
    public IReadOnlyList<Seen> All => new ArraySegment<Seen>(_seen, 0, _count);

    public SinkResult Publish(SceneForecast forecast)
    {
        if (_count == _seen.Length)
        {
            return SinkResult.Busy;
        }

        var used = 0;
        foreach (var camera in forecast.Cameras)
        {
            used += camera.Used ? 1 : 0;
        }

        var now = clock.Now;
        var says = forecast.Validity is Validity.Valid or Validity.Degraded;
        _seen[_count++] = new Seen(now, now - forecast.CaptureFirst, used, forecast.Manoeuvres, says && now > forecast.Deadline);
        return SinkResult.Taken;
    }

    public bool Flush(TimeSpan limit) => true;

    public void Dispose()
    {
    }
}

/// <param name="Age">Since the capture of the oldest frame used.</param>
/// <param name="Cameras">Used.</param>
/// <param name="LateAndValid">Said to be valid, or degraded, after its deadline.</param>
public readonly record struct Seen(Timestamp Moment, TimeSpan Age, int Cameras, int Manoeuvres, bool LateAndValid);
