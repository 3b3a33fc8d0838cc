using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Risk;

/// <summary>How a model is judged that was calibrated apart for streams without an ego log.</summary>
public sealed class JudgeTests
{
    private const int Far = 4; // place of the last horizon

    private double _ms = 1000;

    [Fact]
    public void Read_MotionEstimatedAndCalibratedApart_AppliesThatScalingBoundAndLevels()
    {
        var rig = LateHazard(CalibratedApart(TestManifest.Create()));

        var measured = Tick(rig, logged: true);
        Assert.Equal((0.55f, 1f, RiskLevel.Low), (MathF.Round(measured.Probability[Far], 2), measured.UpperBound[Far], measured.Level));

        _ms += 900; // the log is silent for longer than motion is carried on
        var estimated = Tick(rig, logged: false);
        Assert.Equal(EgoOrigin.Estimated, estimated.EgoOrigin);
        Assert.Equal((0.14f, 0.33f, RiskLevel.High), (MathF.Round(estimated.Probability[Far], 2), estimated.UpperBound[Far], estimated.Level));
    }

    [Fact]
    public void Read_MotionEstimatedAndNotCalibratedApart_IsJudgedAsEver()
    {
        var rig = LateHazard(TestManifest.Create());

        var estimated = Tick(rig, logged: false);

        Assert.Equal((0.55f, 1f, RiskLevel.Low), (MathF.Round(estimated.Probability[Far], 2), estimated.UpperBound[Far], estimated.Level));
    }

    [Theory]
    [InlineData(true, BoundGuarantee.Holds)]
    [InlineData(false, BoundGuarantee.Suspended)]
    public void Read_MotionEstimated_BoundHoldsOnlyWhereItWasMeasuredSo(bool boundApart, BoundGuarantee guarantee)
    {
        var manifest = CalibratedApart(TestManifest.Create());
        var rig = LateHazard(boundApart ? manifest : manifest with { Calibration = manifest.Calibration with { UpperBoundEgoEstimated = null } });
        SceneForecast? last = null;
        for (var tick = 0; tick < 5; tick++)
        {
            last = Tick(rig, logged: false);
        }

        Assert.Equal(DegradedReasons.EgoEstimated, last!.Reasons);
        Assert.Equal(guarantee, last.Guarantee);
    }

    [Fact]
    public void Read_LogComesAndGoesWhileAlarmed_IsOneAlarmFromItsRiseToItsFall()
    {
        var rig = LateHazard(CalibratedApart(TestManifest.Create()));
        rig.Run.Hazards[0] = 3; // likely at once: high by either levels
        var seen = new List<(AlarmEdge Edge, Guid? Id)>();
        for (var tick = 0; tick < 40; tick++)
        {
            if (tick == 20)
            {
                Array.Fill(rig.Run.Hazards, -20);
            }

            var forecast = Tick(rig, logged: tick / 4 % 2 == 0);
            seen.Add((forecast.Edge, forecast.Alarm?.Id));
        }

        Assert.Equal([AlarmEdge.Rising, AlarmEdge.Falling], seen.Select(one => one.Edge).Where(edge => edge != AlarmEdge.None));
        Assert.Single(seen.Where(one => one.Id is not null).Select(one => one.Id).Distinct());
        Assert.All(seen.GetRange(3, 17), one => Assert.NotNull(one.Id));
    }

    /// <summary>Half a chance and a little more, within the last step alone.</summary>
    private static JourneyRig LateHazard(ModelManifest manifest)
    {
        var rig = new JourneyRig(manifest: manifest);
        Array.Fill(rig.Run.Hazards, -20);
        rig.Run.Hazards[Far] = 0.2f;
        return rig;
    }

    private static ModelManifest CalibratedApart(ModelManifest manifest)
    {
        var calibration = manifest.Calibration with
        {
            RiskEgoEstimated = [.. manifest.HorizonsS.Select(horizon => new LogitScaling(horizon, 1, -2))],
            UpperBoundEgoEstimated = new UpperBoundTable("apart", 0.1, 77, [.. manifest.HorizonsS.Select(_ => (IReadOnlyList<double>)[0.3])], [.. manifest.HorizonsS.Select(_ => (IReadOnlyList<double>)[0.33, 0.9])]),
        };
        return manifest with
        {
            Calibration = calibration,
            LevelsEgoEstimated = new RiskLevels(4, new Hysteresis(0.1, 0.08), new Hysteresis(0.13, 0.11), AlarmM: 2, AlarmN: 7),
        };
    }

    private SceneForecast Tick(JourneyRig rig, bool logged)
    {
        _ms += 100;
        for (var before = 100; logged && before >= 0; before -= 50)
        {
            rig.Parts.Motion.OnEgo(new EgoSample(At(_ms - before), At(_ms - before), 10, 0, 0));
        }

        return rig.TickAndReturn(_ms);
    }
}
