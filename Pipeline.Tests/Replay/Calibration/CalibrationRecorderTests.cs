using Forecast.Adapters.Drives;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Calibration;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

/// <summary>Forecasts of a journey that drives at 10 m/s, whose labels have a car standing 25 m ahead.</summary>
public sealed class CalibrationRecorderTests
{
    private const int WarmTicks = 3; // the fake's history is 0.3 s
    private const int Manoeuvres = 16;

    private double _ms = 1000;

    [Fact]
    public void Publish_Labelled_RecordsEveryManoeuvreAndWeighsThePublishedOnesEightTimesTheRest()
    {
        var rig = Rig(TestManifest.Create());
        rig.Run.Hazards.AsSpan().Fill(-1.5f);
        using var recorder = Begin(rig, labelled: true);
        Drive(rig, recorder, ticks: WarmTicks + 1);

        var records = recorder.Risk;
        Assert.Equal(Manoeuvres, records.Count); // nothing of the ticks that warmed up
        Assert.Equal([true, .. Enumerable.Repeat(false, Manoeuvres - 1)], records.Select(record => record.Intended));
        Assert.Equal(new Dictionary<double, int> { [56] = 2, [1] = 14 }, records.GroupBy(record => record.Weight).ToDictionary(group => group.Key, group => group.Count()));
        Assert.Equal(8, records.Where(record => record.Weight > 1).Sum(record => record.Weight) / records.Where(record => record.Weight <= 1).Sum(record => record.Weight));
        Assert.Equal([false, false, false, true, true], records[0].Hits.Select(hit => hit == true)); // 21.4 m at 10 m/s
        Assert.DoesNotContain(null, records[0].Hits);
        Assert.All(records[0].Logits, logit => Assert.InRange(logit, -1.6, 5));
        Assert.All(records, record => Assert.Equal(0, record.Drive));
    }

    [Fact]
    public void Publish_ConditionThatSuspendsTheBound_IsLeftOut()
    {
        var rig = Rig(TestManifest.Create());
        using var recorder = Begin(rig, labelled: true);
        Drive(rig, recorder, WarmTicks);
        rig.Journey.CameraLost(1);
        Drive(rig, recorder, ticks: 5, onlyCamera: 0);

        Assert.Empty(recorder.Risk);
    }

    [Fact]
    public void Publish_MotionEstimated_IsWhatTheRigIsLikeAtRunTimeToo()
    {
        var rig = Rig(TestManifest.Create());
        using var recorder = Begin(rig, labelled: true);
        Drive(rig, recorder, WarmTicks + 2, motion: false);

        Assert.Equal(2 * Manoeuvres, recorder.Risk.Count);
    }

    [Fact]
    public void Publish_WithoutLabels_RecordsLooksAlone()
    {
        var manifest = WithSurprise();
        var rig = Rig(manifest);
        using var recorder = Begin(rig, labelled: false);
        Drive(rig, recorder, ticks: 20);

        Assert.Empty(recorder.Risk);
        Assert.Equal((1, 0), (recorder.Drives, recorder.LabelledDrives));
        Assert.Equal(20 - WarmTicks - 5 - 1, recorder.Looks.Count); // half a second of history; what a tick finds the next one tells
        Assert.All(recorder.Looks, look => Assert.Equal(Math.Log(1e-6), look.Values[0], 1e-3)); // the statistic, neither shifted nor scaled
        Assert.Equal(recorder.Looks.Count, recorder.Looks.Select(look => look.MomentS).Distinct().Count());
    }

    [Fact]
    public void BeginDrive_Second_StartsItsOwnClock()
    {
        var rig = Rig(WithSurprise());
        using var recorder = Begin(rig, labelled: false);
        Drive(rig, recorder, ticks: 12);
        recorder.BeginDrive(rig.Rig, At(_ms), Labels());
        Drive(rig, recorder, ticks: 4);

        Assert.Equal((2, 1), (recorder.Drives, recorder.LabelledDrives));
        Assert.All(recorder.Risk, record => Assert.Equal(1, record.Drive));
        Assert.Equal([0, 1], recorder.Looks.Select(look => look.Drive).Distinct());
    }

    private static ModelManifest WithSurprise()
    {
        var manifest = TestManifest.Create();
        var surprise = new SurpriseCalibration(5, [TestSurprise.Norm(0.5, mean: 3, sd: 7, 24 * 16)], Threshold: 5, M: 1, N: 5, FalseAlarmsPerHour: 1, MeasuredHours: 1);
        return manifest with { Calibration = manifest.Calibration with { Surprise = surprise } };
    }

    private static JourneyRig Rig(ModelManifest manifest) => new(manifest: CalibrationRecorder.Uncalibrated(manifest, egoEstimated: false));

    private CalibrationRecorder Begin(JourneyRig rig, bool labelled)
    {
        var recorder = new CalibrationRecorder(rig.Manifest);
        recorder.BeginDrive(rig.Rig, At(_ms), labelled ? Labels() : null);
        return recorder;
    }

    private List<LabelledTick> Labels() => [.. Enumerable.Range(0, 80).Select(i => new LabelledTick(At(_ms + (i * 100)), default, [new LabelledBox(27, 0, 0, 4, 2)]))];

    private void Drive(JourneyRig rig, CalibrationRecorder recorder, int ticks, bool motion = true, int? onlyCamera = null)
    {
        for (var tick = 0; tick < ticks; tick++, _ms += 100)
        {
            if (motion)
            {
                rig.Parts.Motion.OnEgo(new EgoSample(At(_ms), At(_ms), 10, 0, 0));
            }

            for (var camera = 0; camera < rig.Rig.Cameras.Count; camera++)
            {
                if (camera == (onlyCamera ?? camera))
                {
                    rig.Offer(camera, _ms);
                }
            }

            var forecast = rig.Journey.TryTravel(At(_ms + 5))!;
            Assert.Equal(SinkResult.Taken, recorder.Publish(forecast));
            rig.Parts.Forecasts.Return(forecast);
            rig.Journey.Reflect(At(_ms + 40));
        }
    }
}
