using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Mqtt;

public sealed class MessageRateTests
{
    [Fact]
    public void Take_Steadily_NeverMoreThanTheRateAndASecondsWorth()
    {
        var rate = new MessageRate(200);
        var taken = 0;
        var now = new Timestamp(Timestamp.NanosecondsPerSecond);
        for (var i = 0; i < 10_000; i++)
        {
            taken += rate.Take(now) ? 1 : 0;
            now += TimeSpan.FromMilliseconds(0.5);
        }

        Assert.InRange(taken, 1190, 1200); // 200 at once and 200 in each of five seconds
    }

    [Fact]
    public void Take_AtTheRateOrBelow_EveryOne()
    {
        var rate = new MessageRate(200);
        var now = new Timestamp(Timestamp.NanosecondsPerSecond);
        for (var i = 0; i < 2000; i++)
        {
            Assert.True(rate.Take(now));
            now += TimeSpan.FromMilliseconds(i % 2 == 0 ? 0 : 10); // in pairs
        }
    }

    [Fact]
    public void Take_ClockThatGoesBack_GivesNothingAway()
    {
        var rate = new MessageRate(2);
        Assert.True(rate.Take(new Timestamp(1_000_000_000)));
        Assert.True(rate.Take(new Timestamp(1_000_000_000)));

        Assert.False(rate.Take(new Timestamp(1)));
        Assert.False(rate.Take(new Timestamp(2)));
    }
}
