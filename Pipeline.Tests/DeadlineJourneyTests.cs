using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests;

/// <summary>docs/deadlines.md from a frame's arrival to the sink's answer, on a clock that the run and the sink move on by what they take.</summary>
public sealed class DeadlineJourneyTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(30)]
    [InlineData(400)]
    public void Publish_WhateverRunAndSinkTake_WhatKeptItsCostIsOnTimeAndWhatIsLateSaysSo(int seed)
    {
        var random = new Random(seed);
        var time = new TestTimeProvider();
        var clock = new RigClock(time);
        var rig = new JourneyRig(costs: [Ms(30), Ms(20), Ms(10)], frozen: false);
        rig.Run.Encoding = _ => time.Advance(Ms(random.Next(8) == 0 ? random.Next(40, 160) : random.Next(5, 30)));
        using var sink = new SlowSink(clock, () => time.Advance(Ms(random.Next(15) == 0 ? random.Next(20, 90) : random.Next(1, 4))));
        var publisher = new ForecastPublisher([sink], clock, rig.Parts.Ledger, sink);
        var (kept, violated, onTime, late) = (0, 0L, 0L, 0);
        for (var tick = 0; tick < 1500; tick++)
        {
            time.Advance(Ms(random.Next(20, 150)));
            var capture = Milliseconds(clock.Now);
            time.Advance(Ms(random.Next(5, 80)));
            rig.OfferAll(capture);
            if (rig.Journey.TryTravel(clock.Now) is not { } forecast)
            {
                continue;
            }

            rig.Journey.Judged(forecast, clock.Now);
            publisher.Publish(forecast);
            rig.Journey.HandedOver(Delivery.Of(forecast));
            rig.Parts.Forecasts.Return(forecast);

            var service = forecast.HandedOver - forecast.Dispatched;
            violated += service > forecast.Promised ? 1 : 0;
            onTime += forecast.HandedOver <= forecast.Deadline ? 1 : 0;
            if (service <= forecast.Promised && !forecast.IsProbe)
            {
                kept++;
                Assert.True(forecast.HandedOver <= forecast.Deadline);
                Assert.NotEqual(Validity.Stale, forecast.Validity);
            }

            if (sink.Sent > forecast.Deadline)
            {
                late++;
                Assert.False(sink.DeadlineMet);
            }
        }

        var ledger = rig.Ledger;
        Assert.Equal((violated, onTime), (ledger.CostViolations, ledger.OnTime));
        Assert.True(kept > 100 && violated > 20 && late > 5, $"kept {kept}, violated {violated}, late {late}");
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static double Milliseconds(Timestamp moment) => moment.Nanoseconds / 1e6;

    /// <summary>Takes its time, then stamps and encodes a message as the MQTT sink does.</summary>
    private sealed class SlowSink(RigClock clock, Action takeTime) : IForecastSink, IJourneyObserver
    {
        private readonly ForecastEncoder _encoder = new(TestManifest.Create(), TestRig.Of(2), Publishing.ForecastSamples.Identity, MessageEncoding.Protobuf);

        public Timestamp Sent { get; private set; }

        public bool DeadlineMet { get; private set; }

        public string Name => "slow";

        public SinkResult Publish(SceneForecast forecast)
        {
            takeTime();
            Sent = clock.Now;
            DeadlineMet = V1.Risk.Parser.ParseFrom(_encoder.Risk(forecast, new MessageStamp(0, Sent))).Envelope.FrameSet.DeadlineMet;
            return SinkResult.Taken;
        }

        public bool Flush(TimeSpan limit) => true;

        public void Published(SceneForecast forecast, Timestamp moment)
        {
        }

        public void Dispose() => _encoder.Dispose();
    }
}
