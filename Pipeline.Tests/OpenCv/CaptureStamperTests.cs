using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.OpenCv;

public sealed class CaptureStamperTests
{
    private readonly TestTimeProvider _time = new();
    private readonly RigClock _clock;

    public CaptureStamperTests() => _clock = new RigClock(_time);

    [Fact]
    public void Stamp_Arrival_SubtractsTheMeasuredLatency()
    {
        var stamper = Make(StampOrigin.Arrival, CameraSourceKind.Stream, latencyMs: 30);

        Assert.Equal(_clock.Now - Ms(30), stamper.Stamp(123456, _clock.Now));
        Assert.False(stamper.FellBack);
    }

    [Fact]
    public void Stamp_DriversCounter_IsLaidOnTheRigsClock()
    {
        var stamper = Make(StampOrigin.Driver, CameraSourceKind.Device, latencyMs: 5);
        var taken = _time.GetTimestamp() / 1e6; // ms
        _time.Advance(Ms(12));

        Assert.Equal(_clock.Now - Ms(17), stamper.Stamp(taken, _clock.Now));
        Assert.False(stamper.FellBack);
    }

    [Theory]
    [InlineData(0)] // a driver that gives none
    [InlineData(-1)]
    [InlineData(5e9)] // of the future
    [InlineData(1000)] // of long ago
    public void Stamp_DriverTalksNonsense_ArrivalStandsInAndIsSaid(double positionMs)
    {
        var stamper = Make(StampOrigin.Driver, CameraSourceKind.Device, latencyMs: 0);

        Assert.Equal(_clock.Now, stamper.Stamp(positionMs, _clock.Now));
        Assert.True(stamper.FellBack);
    }

    [Fact]
    public void Stamp_StreamWithJitter_FollowsTheStreamsOwnTimes()
    {
        var stamper = Make(StampOrigin.Rtp, CameraSourceKind.Stream, latencyMs: 0);
        var start = _clock.Now;
        int[] jitterMs = [20, 0, 35, 5, 18, 0, 40, 7];
        stamper.Stamp(1000, start);
        for (var i = 1; i <= jitterMs.Length; i++)
        {
            var arrival = start + Ms((100 * i) + jitterMs[i - 1]);
            var taken = stamper.Stamp(1000 + (100 * i), arrival);
            Assert.InRange((taken - (start + Ms(100 * i))).TotalMilliseconds, -0.1, 1);
        }

        Assert.False(stamper.FellBack);
    }

    [Fact]
    public void Stamp_StreamWhoseFirstFrameWasLate_MovesToTheLeastDelay()
    {
        var stamper = Make(StampOrigin.Rtp, CameraSourceKind.Stream, latencyMs: 0);
        var start = _clock.Now;
        stamper.Stamp(0, start + Ms(80)); // the first frame came 80 ms late

        Assert.Equal(0, (stamper.Stamp(100, start + Ms(100)) - (start + Ms(100))).TotalMilliseconds, 1);
    }

    [Fact]
    public void Stamp_StreamTimesThatRunAtAnotherRate_AreGivenUp()
    {
        // a demultiplexer that counts 25 a second where 10 come
        var stamper = Make(StampOrigin.Rtp, CameraSourceKind.Stream, latencyMs: 0);
        var start = _clock.Now;
        for (var i = 0; i < 100 && !stamper.FellBack; i++)
        {
            stamper.Stamp(40 * i, start + Ms(100 * i));
        }

        Assert.True(stamper.FellBack);
        Assert.Equal(start + Ms(20_000), stamper.Stamp(4001, start + Ms(20_000)));
    }

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    private CaptureStamper Make(StampOrigin origin, CameraSourceKind kind, double latencyMs) => new(new StampQuality(origin, Ms(latencyMs), Ms(1)), kind, _clock);
}
