using Forecast.Cli.Watch;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Cli.Watch;

/// <summary>What the program itself sends must be readable by its own subscriber.</summary>
public sealed class RiskReadingTests
{
    private readonly ForecastEncoder _encoder = new(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, MessageEncoding.Json);

    [Fact]
    public void Parse_RiskOfTheEncoder_HasEveryField()
    {
        var forecast = ForecastSamples.Complete();

        var reading = RiskReading.Parse(_encoder.Risk(forecast, ForecastSamples.Stamp).ToArray(), out var problem);

        Assert.Equal("", problem);
        Assert.NotNull(reading);
        Assert.True(reading.IsForecast);
        Assert.Equal(7ul, reading.Sequence);
        Assert.Equal(220, reading.RemainingMs!.Value, 3);
        Assert.Equal(80, reading.AgeMs!.Value, 3);
        Assert.Equal("high", reading.Level);
        Assert.Equal(2, reading.HorizonS);
        Assert.Equal(forecast.Probability[2], reading.Probability!.Value, 4);
        Assert.Equal(1.75, reading.TimeToCollisionS!.Value, 4);
        Assert.Equal((42ul, 5_010_000_000, 16u), (reading.Tick!.Value, reading.ReferenceTimeNs!.Value, reading.Rung!.Value));
        Assert.True(reading.Alarm);
    }

    [Fact]
    public void Parse_AnyForecastOfTheEncoder_IsReadable()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            Assert.NotNull(RiskReading.Parse(_encoder.Risk(ForecastSamples.Any(seed), ForecastSamples.Stamp).ToArray(), out _));
        }
    }

    [Fact]
    public void Parse_StatusOfTheEncoder_HasTheSilenceLimit()
    {
        var online = StatusReading.Parse(_encoder.Status(StatusState.Online, "started", ForecastSamples.Stamp).ToArray());
        var offline = StatusReading.Parse(_encoder.Status(StatusState.Offline, "last_will", ForecastSamples.Stamp).ToArray());

        Assert.Equal(TimeSpan.FromSeconds(0.3), online!.SilenceLimit!.Value);
        Assert.True(online.Online);
        Assert.Equal((false, "last_will"), (offline!.Online, offline.Reason));
        Assert.Equal(online.Session, offline.Session);
    }
}
