using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Benchmarks.Peers;

/// <summary>A camera of the overload row: no pixels worth the name, but real times. Captured at its phase and up to 2 ms of jitter, there 2 ms later, as the peer's script does it.</summary>
public sealed class TickingCamera(string name, int number, RigClock clock, Timestamp start, TimeSpan period, TimeSpan length) : IFrameSource
{
    private static readonly TimeSpan Delivery = TimeSpan.FromMilliseconds(2);

    private readonly ManualResetEventSlim _interrupted = new(false);
    private readonly Random _chance = new(number);
    private int _tick;

    public string Camera => name;

    public GrabResult Grab()
    {
        var capture = start + (period * _tick++) + TimeSpan.FromMilliseconds(number + (2 * _chance.NextDouble()));
        var wait = capture + Delivery - clock.Now;
        if (capture > start + length || (wait > TimeSpan.Zero && _interrupted.Wait(wait)) || _interrupted.IsSet)
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        return new GrabResult(GrabStatus.Frame, capture, clock.Now, null);
    }

    public PictureContent Prepare(Span<byte> modelPicture) => new((ulong)_chance.NextInt64(), 90, 40);

    public void Interrupt() => _interrupted.Set();

    public void Dispose() => _interrupted.Dispose();
}
