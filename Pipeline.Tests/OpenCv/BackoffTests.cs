using Forecast.Adapters.OpenCv;

namespace Forecast.Pipeline.Tests.OpenCv;

public sealed class BackoffTests
{
    [Fact]
    public void Next_AgainAndAgain_DoublesUpToTheLongestWithJitter()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), new Random(1));
        double[] expected = [200, 400, 800, 1600, 3200, 5000, 5000];

        foreach (var ms in expected)
        {
            Assert.InRange(backoff.Next().TotalMilliseconds, ms * 0.8, ms * 1.2);
        }

        backoff.Reset();
        Assert.InRange(backoff.Next().TotalMilliseconds, 160, 240);
    }

    [Fact]
    public void Next_OfTwoCameras_Differs()
    {
        var a = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), new Random(1));
        var b = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), new Random(2));

        Assert.NotEqual(a.Next(), b.Next());
    }
}
