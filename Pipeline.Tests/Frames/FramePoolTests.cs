using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Frames;

public sealed class FramePoolTests
{
    [Fact]
    public void TryRent_Exhausted_SaysSoUntilOneComesBack()
    {
        var pool = new FramePool(2, 12);
        Assert.True(pool.TryRent(out var first));
        Assert.True(pool.TryRent(out _));
        Assert.False(pool.TryRent(out var none));
        Assert.True(none.IsEmpty);

        first.Release();

        Assert.True(pool.TryRent(out _));
        Assert.Equal(2, pool.Outstanding);
    }

    [Fact]
    public void Release_OfACopyAfterTheSlotWasRentedAgain_TouchesNothing()
    {
        var pool = new FramePool(1, 12);
        pool.TryRent(out var first);
        var copy = first;
        first.Release();
        pool.TryRent(out var second);

        copy.Release();

        Assert.Equal(1, pool.Outstanding);
        Assert.Equal(12, second.Pixels.Length);
        Assert.Throws<ObjectDisposedException>(() => copy.Pixels.Length);
    }

    [Fact]
    public void RentAndRelease_FromManyThreads_LosesAndDoublesNothing()
    {
        var pool = new FramePool(8, 8);
        Parallel.For(0, 4, worker =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (pool.TryRent(out var lease))
                {
                    lease.Pixels.Fill((byte)worker);
                    Assert.Equal(-1, lease.Pixels.IndexOfAnyExcept((byte)worker));
                    lease.Release();
                }
            }
        });

        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void RentAndRelease_AllocatesNothing()
    {
        var pool = new FramePool(2, 8);
        pool.TryRent(out var warm);
        warm.Release();
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                pool.TryRent(out var lease);
                lease.Pixels[0] = 1;
                lease.Release();
            }
        }));
    }

    [Fact]
    public void RigClock_WallClockStep_MovesNoDeadline()
    {
        var time = new TestTimeProvider();
        var clock = new RigClock(time);
        var before = clock.Now;

        time.WallClockStep = TimeSpan.FromHours(1);
        time.Advance(TimeSpan.FromMilliseconds(10));

        Assert.Equal(TimeSpan.FromMilliseconds(10), clock.Now - before);
        Assert.Equal(1, clock.WallClockOffset.TotalHours, 3);
    }
}
