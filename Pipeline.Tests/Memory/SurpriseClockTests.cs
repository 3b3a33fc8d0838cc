using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Memory;

/// <summary>When there is time to look back, and what becomes of surprise when the cameras' clock goes back. The world is a map of one value.</summary>
public sealed class SurpriseClockTests
{
    private const int Cells = 24 * 16;

    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(10); // stamps that lag by seconds look late

    private double _ms = 10_000;
    private double _ahead; // of the cameras' and the log's stamps

    /// <summary>The pictures arrive 80 ms after they were taken, the model takes 50 ms, and 50 ms are idle until the next ones.</summary>
    [Fact]
    public void Look_CamerasWithLatency_HasTheTimeUntilTheNextPictures()
    {
        var rig = new JourneyRig(budget: TimeSpan.FromMilliseconds(250), manifest: Manifest(abrupt: false), lookBack: new LookBackCost(TimeSpan.FromMilliseconds(20)));
        var told = Run(rig, ticks: 20, latencyMs: 80, modelMs: 50);

        Assert.Equal((0, SurpriseGap.None), (told[^1].Shed, told[^1].Gap));
    }

    [Fact]
    public void Look_ModelSlowerThanThePeriod_IsShed()
    {
        var rig = new JourneyRig(budget: TimeSpan.FromMilliseconds(250), manifest: Manifest(abrupt: false), lookBack: new LookBackCost(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(SurpriseGap.Shed, Run(rig, ticks: 20, latencyMs: 0, modelMs: 120)[^1].Gap);
    }

    [Theory]
    [InlineData(20, SurpriseGap.Shed)]
    [InlineData(200, SurpriseGap.None)]
    public void Look_CostMeasuredFarTooHigh_IsTriedAgainAfterFiftySheds(int ticks, SurpriseGap gap)
    {
        var rig = new JourneyRig(manifest: Manifest(abrupt: false), lookBack: new LookBackCost(TimeSpan.FromSeconds(5)));
        Assert.Equal(gap, Run(rig, ticks)[^1].Gap);
    }

    [Fact]
    public void Look_MotionEstimatedAndNotCalibratedForIt_CountsAsNoneShed()
    {
        var rig = new JourneyRig(manifest: Manifest(abrupt: false), lookBack: new LookBackCost(TimeSpan.FromSeconds(5)));
        var last = Run(rig, ticks: 20, motion: false)[^1];

        Assert.Equal((SurpriseGap.EgoEstimated, 0), (last.Gap, last.Shed));
    }

    [Fact]
    public void Look_ClockGoesBack_TheFirstAbruptLookHasNothingToCompareWith()
    {
        var rig = new JourneyRig(budget: Patient, manifest: Manifest(abrupt: true));
        Run(rig, ticks: 20);
        _ahead = -5000;
        Array.Fill(rig.Run.ObservedMap, 5);
        var told = Run(rig, ticks: 20);

        Assert.All(told, reading => Assert.False(reading.Surprised));
        var first = told.FindIndex(1, reading => reading.Gap == SurpriseGap.None);
        Assert.Equal(10, first); // told[3] is the first state kept, told[8] looks back to it but has no look before it, told[9] has
        Assert.Equal(told[first - 1].Reference, told[first].Moment);
    }

    [Fact]
    public void Tell_ClockGoesBackWhileAnEventStands_ItFallsAtOnce()
    {
        var rig = new JourneyRig(budget: Patient, manifest: Manifest(abrupt: true));
        Run(rig, ticks: 20);
        Array.Fill(rig.Run.ObservedMap, 5);
        Assert.True(Run(rig, ticks: 2)[^1].Surprised);
        _ahead = -5000;
        var told = Run(rig, ticks: 10, motion: false); // nothing more is looked back from

        Assert.Equal(AlarmEdge.Falling, told[0].Edge);
        Assert.All(told, reading => Assert.Equal((false, null), (reading.Surprised, reading.Moment)));
    }

    private static ModelManifest Manifest(bool abrupt)
    {
        var manifest = TestManifest.Create();
        var surprise = new SurpriseCalibration(5, [TestSurprise.Norm(0.5, mean: 0, sd: 1, Cells)], Threshold: 5, M: 1, N: 5, FalseAlarmsPerHour: 1, MeasuredHours: 1, Abrupt: abrupt);
        return manifest with { Calibration = manifest.Calibration with { Surprise = surprise } };
    }

    /// <summary>What each tick's forecast told; ticks that the aligner drops, as it does the first ones of a new clock, tell nothing.</summary>
    private List<Told> Run(JourneyRig rig, int ticks, double latencyMs = 5, double modelMs = 35, bool motion = true)
    {
        var told = new List<Told>();
        for (var tick = 0; tick < ticks; tick++, _ms += 100)
        {
            for (var before = 50; motion && before >= 0; before -= 50)
            {
                rig.Parts.Motion.OnEgo(new EgoSample(At(_ms - before + _ahead), At(_ms - before), 10, 0, 0));
            }

            for (var camera = 0; camera < rig.Rig.Cameras.Count; camera++)
            {
                rig.Offer(camera, _ms + _ahead, _ms + latencyMs);
            }

            if (rig.Journey.TryTravel(At(_ms + latencyMs)) is { } forecast)
            {
                var surprise = forecast.Surprise;
                told.Add(new Told(forecast.Reference, forecast.SurpriseEdge, surprise.Moment, surprise.Gap, surprise.Shed, surprise.Surprised));
                rig.Parts.Forecasts.Return(forecast);
            }

            rig.Journey.Reflect(At(_ms + latencyMs + modelMs));
        }

        return told;
    }

    private sealed record Told(Pipeline.Frames.Timestamp Reference, AlarmEdge Edge, Pipeline.Frames.Timestamp? Moment, SurpriseGap Gap, long Shed, bool Surprised);
}
